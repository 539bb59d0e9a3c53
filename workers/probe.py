"""What a layer computes on fixed small float64 inputs: for screening and fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.probe_inputs import ProbeInputs


@dataclass(frozen=True, slots=True)
class ProbeValues:
    """Input, output and input gradient in training, and output in evaluation after one update; each
    of the shape of its input.
    """

    x: NDArray[np.float64]
    output: NDArray[np.float64]
    gradient: NDArray[np.float64]
    evaluated: NDArray[np.float64]


def probe(layer_class: type[nn.Module], inputs: ProbeInputs) -> ProbeValues:
    """Build a layer in float64, running estimates too, and run it forward and backward."""
    layer = layer_class(inputs.x.shape[1], groups=inputs.groups, dtype=torch.float64)
    layer.requires_grad_(False)  # no parameter's gradient is asked for
    for buffer in layer.buffers():
        buffer.data = buffer.double()
    training, evaluation = inputs.parameters or ({}, {})
    _set_parameters(layer, training)
    x = inputs.x.detach().requires_grad_()
    output = layer(x)
    gradient = _gradient(output, x, inputs.cotangent)
    layer.eval()
    _set_parameters(layer, evaluation)
    evaluated = layer(inputs.unseen)
    arrays = (x.detach(), output.detach(), gradient, evaluated)
    return ProbeValues(*(array.numpy() for array in arrays))


def _set_parameters(layer: nn.Module, values: dict[str, Tensor]) -> None:
    if values:
        for name, parameter in layer.named_parameters():
            parameter.copy_(values[name])


def _gradient(output: Tensor, x: Tensor, cotangent: Tensor) -> Tensor:
    if not output.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(output, x, cotangent, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient
