"""What a layer computes on fixed small float64 inputs: for screening and fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from search_spaces.graph import Graph
from search_spaces.layer import layer_class

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
    of
    PROBE_SHAPE.
    """

    x: Tensor
    output: Tensor
    gradient: Tensor
    evaluated: Tensor


def build_probe_layer(graph: Graph) -> nn.Module:
    """The layer in float64, running estimates too, with its parameters at their initial values."""
    layer = layer_class(graph)(PROBE_SHAPE[1], groups=PROBE_GROUPS, dtype=torch.float64)
    return layer.double()


def probe(layer: nn.Module, *, random_parameters: bool) -> ProbeValues:
    """Run a float64 layer forward and backward on the fixed input.

    `random_parameters` replaces v0, v1, alpha, gamma and beta by fixed random values, because at
    their initial 0 and 1 too many different layers coincide. The closing affine is random too.
    """
    if random_parameters:
        _randomise(layer)
    x, cotangent, unseen = _fixed_inputs()
    if random_parameters:  # small and large samples, or max(std[s](x), 0.1) would be std[s](x)
        x, unseen = _SPREAD * x, _SPREAD * unseen
    x = x.clone().requires_grad_()
    layer.train()
    output = layer(x)
    gradient = _gradient(output, x, cotangent)
    layer.eval()
    with torch.no_grad():
        evaluated = layer(unseen)
    return ProbeValues(x.detach(), output.detach(), gradient, evaluated)


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
def _random_values(kind: str, count: int) -> Tensor:
    # Equal numbers for the parameter of one name, whatever else the layer has.
    generator = torch.Generator().manual_seed(sum(map(ord, kind)) + 1000 * count)
    values = 0.3 + torch.rand(count, generator=generator, dtype=torch.float64)
    # Both signs, or abs(v1) would be v1.
    values[torch.randperm(count, generator=generator)[: count // 2]] *= -1
    return values


def _randomise(layer: nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(_random_values(name, parameter.numel()).view_as(parameter))
