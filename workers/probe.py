"""What a layer computes on fixed small float64 inputs: for screening and fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.probe_inputs import ProbeInputs

# Of the steps of training: far enough for parameters that start at 1 to change their sign.
_RATE, _DECAY = 1.5, 0.01
_LEAST = 1e-3  # smaller gradients move a parameter less; those of rounding must not move it


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
    for buffer in layer.buffers():
        buffer.data = buffer.double()
    for _ in range(inputs.steps):
        _step(layer, inputs)
    layer.requires_grad_(False)  # no parameter's gradient is asked for
    x = inputs.x.detach().requires_grad_()
    output = layer(x)
    gradient = _gradient(output, x, inputs.cotangent)
    layer.eval()
    evaluated = layer(inputs.unseen)
    arrays = (x.detach(), output.detach(), gradient, evaluated)
    return ProbeValues(*(array.numpy() for array in arrays))


def _step(layer: nn.Module, inputs: ProbeInputs) -> None:
    """One step of training, of nearly the same length for every parameter that has a gradient; the
    others stay where training would leave them.
    """
    parameters = tuple(layer.parameters())
    output = layer(inputs.x)
    gradients = torch.autograd.grad(output, parameters, inputs.cotangent, allow_unused=True)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.mul_(1.0 - _DECAY)
            if gradient is not None:
                gradient = torch.nan_to_num(gradient)
                parameter.sub_(_RATE * (gradient / (_LEAST + gradient.abs())))


def _gradient(output: Tensor, x: Tensor, cotangent: Tensor) -> Tensor:
    if not output.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(output, x, cotangent, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient
