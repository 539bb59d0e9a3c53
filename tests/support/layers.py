"""Small layers and inputs that the tests of generated code share."""

from __future__ import annotations

import torch
from torch import nn

from search_spaces.codegen import generate
from search_spaces.codegen_own import functions
from search_spaces.graph import Graph
from search_spaces.layer import execute

GROUPS, CHANNELS = 2, 6
TEXTS = (
    "x * sigmoid(v1 * x) / std[sg](x)",
    "x / max(std[bs](x), v1 * x + std[s](x))",
    "max(v1 * (x - mean[bs](x)) / std[bs](x) + v0, 0)",
    "x / rms[c](x) + tanh(alpha * x)",
    "rms[bs](x * sigmoid(x)) * x - mean[g](x) * std[bs](mean[c](x))",
)


def literal(graph: Graph) -> type[nn.Module]:
    """The layer of a graph as it stands, not of its canonical form."""
    return execute(generate(graph), "layer_under_test", functions(graph))


def randomised(layer: nn.Module, seed: int = 0) -> nn.Module:
    """The layer with random parameters."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return layer


def images(
    seed: int = 0, dtype: torch.dtype = torch.float64, shape: tuple[int, ...] = (3, CHANNELS, 4, 5)
) -> torch.Tensor:
    return torch.randn(
        shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    ).to(dtype)
