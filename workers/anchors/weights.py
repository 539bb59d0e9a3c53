"""He initialisation of an anchor's own weights, equal for every layer (He et al. 2015)."""

import math
import zlib
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

#: Called as norm_act(num_features, apply_act=True); returns the layer under evaluation.
NormAct = Callable[..., nn.Module]


def own_parameters(
    network: nn.Module, layers: Iterable[nn.Module]
) -> list[tuple[str, nn.Parameter]]:
    """The named parameters of `network` that do not belong to one of the norm-act `layers`."""
    theirs = {id(parameter) for layer in layers for parameter in layer.parameters()}
    return [(name, p) for name, p in network.named_parameters() if id(p) not in theirs]


def initialise(own: Iterable[tuple[str, nn.Parameter]], seed: tuple[int, ...]) -> None:
    """Draw every weight in place from its own generator, seeded by `seed` and the weight's name.

    So the weights do not depend on how many parameters the norm-act layer has, nor on the order
    of construction. Matrices and kernels: normal with variance 2 / fan-in; the head ("head.*"),
    whose output meets no rectifier: 1 / fan-in; "position": 1, as large as
    the patches it is added to, or a short training never sees positions; "embedding.*": 1, as each
    row is looked up and not summed; biases: 0.
    """
    for name, parameter in own:
        rng = np.random.default_rng([*seed, zlib.crc32(name.encode())])
        with torch.no_grad():
            if parameter.ndim < 2:
                parameter.zero_()
                continue
            if name == "position" or name.startswith("embedding."):
                scale = 1.0
            else:
                gain = 1.0 if name.startswith("head.") else 2.0
                scale = math.sqrt(gain / parameter[0].numel())
            values = scale * rng.standard_normal(tuple(parameter.shape), dtype=np.float32)
            parameter.copy_(torch.from_numpy(values))
