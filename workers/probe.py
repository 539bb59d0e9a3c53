"""What a layer computes on fixed small float64 inputs: for screening and fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

# Batch, channels, height, width: batch > 1, height other than width, several channels a group.
PROBE_SHAPE = (4, 8, 5, 3)
PROBE_GROUPS = 2
# Factors of the samples, times factors of the channels.
_SPREAD = torch.tensor((0.15, 0.7, 1.5, 4.0), dtype=torch.float64).view(-1, 1, 1, 1) * torch.tensor(
    (0.05, 1.0, 0.3, 2.0, 1.0, 0.1, 0.6, 1.5), dtype=torch.float64
).view(1, -1, 1, 1)


@dataclass(frozen=True, slots=True)
class ProbeValues:
    """Input, output and input gradient in training, and output in evaluation after one update; each
    of PROBE_SHAPE.
    """

    x: NDArray[np.float64]
    output: NDArray[np.float64]
    gradient: NDArray[np.float64]
    evaluated: NDArray[np.float64]


def probe(layer_class: type[nn.Module], *, random_parameters: bool) -> ProbeValues:
    """Build a layer in float64, running estimates too, and run it on the fixed input.

    `random_parameters` replaces v0, v1, alpha, gamma and beta by fixed random values, because at
    their initial 0 and 1 too many different layers coincide. The closing affine is random too.
    """
    layer = layer_class(PROBE_SHAPE[1], groups=PROBE_GROUPS, dtype=torch.float64)
    layer.requires_grad_(False)  # no parameter's gradient is asked for
    for buffer in layer.buffers():
        buffer.data = buffer.double()
    x, cotangent, unseen = _fixed_inputs()
    if random_parameters:  # small and large samples, or max(std[s](x), 0.1) would be std[s](x)
        for name, parameter in layer.named_parameters():
            parameter.copy_(_random_values(name, parameter.numel()))
        x, unseen = _spread_inputs()
    leaf = x.detach().requires_grad_()
    output = layer(leaf)
    gradient = _gradient(output, leaf, cotangent)
    layer.eval()
    evaluated = layer(unseen)
    return ProbeValues(x.numpy(), output.detach().numpy(), gradient.numpy(), evaluated.numpy())


def _gradient(output: Tensor, x: Tensor, cotangent: Tensor) -> Tensor:
    if not output.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(output, x, cotangent, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient


@cache
def _fixed_inputs() -> tuple[Tensor, Tensor, Tensor]:
    """Input, output gradient, and an input for evaluation; channels have means and scales of their
    own.
    """
    generator = torch.Generator().manual_seed(20200406)
    channels = (1, PROBE_SHAPE[1], 1, 1)
    scale = 0.5 + torch.rand(channels, generator=generator, dtype=torch.float64)
    shift = 0.5 * torch.randn(channels, generator=generator, dtype=torch.float64)
    x, cotangent, unseen = (
        torch.randn(PROBE_SHAPE, generator=generator, dtype=torch.float64) for _ in range(3)
    )
    return x * scale + shift, cotangent, unseen


@cache
def _spread_inputs() -> tuple[Tensor, Tensor]:
    """Input in training and in evaluation with small and large samples and channels."""
    x, _, unseen = _fixed_inputs()
    return _SPREAD * x, _SPREAD * unseen


@cache
def _random_values(kind: str, count: int) -> Tensor:
    # Equal numbers for the parameter of one name, whatever else the layer has.
    generator = torch.Generator().manual_seed(sum(map(ord, kind)) + 1000 * count)
    values = 0.3 + torch.rand(count, generator=generator, dtype=torch.float64)
    # Both signs, or abs(v1) would be v1.
    values[torch.randperm(count, generator=generator)[: count // 2]] *= -1
    return values
