"""Whether two layers compute the same: values, gradients, running estimates in effect."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from search_spaces.graph import Graph
from tests.support.layers import CHANNELS, GROUPS, images, literal

_LIMIT = 1e4


def build(graph: Graph, seed: int) -> nn.Module:
    """The layer of a graph as it stands, in float64, each parameter random by its name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*leave one channel a group")
        layer = literal(graph)(CHANNELS, groups=GROUPS, dtype=torch.float64).double()
    for name, parameter in layer.named_parameters():
        generator = torch.Generator().manual_seed(seed + sum(map(ord, name)))
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer


def run(layer: nn.Module, seed: int) -> list[torch.Tensor]:
    """Outputs and gradients of two training steps and of evaluation after them."""
    names = ("v0", "v1", "alpha", "shift")
    found = []
    for step, training in enumerate((True, True, False)):
        layer.train(training)
        x = images(1000 * seed + step).requires_grad_()
        y = layer(x)
        parameters = dict(layer.named_parameters())
        known = [name for name in names if name in parameters]
        wanted = [x, *(parameters[name] for name in known)]
        gradients = torch.autograd.grad(
            (y * images(1000 * seed + 9)).sum(), wanted, allow_unused=True
        )
        by_name = dict(zip(("x", *known), gradients, strict=True))
        found.append(y.detach())
        for name in ("x", *names):
            gradient = by_name.get(name)
            size = x.shape if name == "x" else (CHANNELS if name[0] == "v" else 1)
            found.append(torch.zeros(size).double() if gradient is None else gradient)
    return found


def assert_same(left: Graph, right: Graph, seed: int = 0) -> bool:
    """Whether the numbers were finite and moderate; where they are, the layers agree."""
    expected, actual = (run(build(graph, seed), seed) for graph in (left, right))
    if not all(bool((t.abs() < _LIMIT).all()) for t in expected):
        return False
    for e, a in zip(expected, actual, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-6, atol=1e-7)
    return True
