"""Does a deep stack of random layers keep signal and gradient in bounds, and inputs apart?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class StackConfig:
    """depth: layers in the stack; scales: factors on He-initialised weights, one pass each.

    signal, gradient: largest ratio to their starting size, and the inverse of the smallest.
    distinct: smallest share of the output's power that differs between inputs. sensitivity: least
    and greatest relative change of the output for a relative change of the input, at scale 1;
    below, all inputs flow together, above, neighbours fly apart.
    """

    depth: int = 12
    scales: tuple[float, ...] = (3.0, 1.0, 0.5)
    signal: float = 1e4
    gradient: float = 1e5
    distinct: float = 1e-4
    sensitivity: tuple[float, float] = (0.3, 40.0)


_SHAPE = (8, 16, 3, 3)
_GROUPS = 4


def stack_failure(layer_class: type[nn.Module], config: StackConfig) -> str | None:
    """The first bound that the stack breaks, by its name in the config; None if it keeps all.

    A stack is `depth` times (1 x 1 convolution with random weights, layer), in float32 and training
    mode.
    """
    layer = layer_class(_SHAPE[1], groups=_GROUPS).requires_grad_(False)
    inputs, _, cotangent = _fixed_stack(config.depth)
    least, most = config.sensitivity
    for scale in config.scales:
        x = inputs.detach().requires_grad_()
        value = x
        for weight in _scaled_weights(config.depth, scale):
            value = layer(torch.bmm(weight, value.flatten(2)).view(_SHAPE))
        size = _rms(value)
        if not 1 / config.signal < size < config.signal:
            return "signal"
        between = value.detach() - value.detach().mean(0, keepdim=True)
        if _rms(between) ** 2 < config.distinct * size**2:
            return "distinct"
        (gradient,) = torch.autograd.grad(value, x, cotangent)
        steepness = _rms(gradient)
        if not 1 / config.gradient < steepness < config.gradient:
            return "gradient"
        if scale == 1.0 and not least < steepness * _rms(inputs) / size < most:
            return "sensitivity"
    return None


def _rms(value: Tensor) -> float:
    """Root mean square; NaN or infinity where the values are."""
    return math.sqrt(float(value.detach().square().mean()))


@cache
def _fixed_stack(depth: int) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
    generator = torch.Generator().manual_seed(2015)
    channels = _SHAPE[1]
    he = math.sqrt(2 / channels)
    weights = tuple(he * torch.randn(channels, channels, generator=generator) for _ in range(depth))
    return (
        torch.randn(_SHAPE, generator=generator),
        weights,
        torch.randn(_SHAPE, generator=generator),
    )


@cache
def _scaled_weights(depth: int, scale: float) -> tuple[Tensor, ...]:
    """The weights times a scale, (B, C, C): once more for every sample."""
    _, weights, _ = _fixed_stack(depth)
    return tuple((scale * weight).repeat(_SHAPE[0], 1, 1) for weight in weights)
