"""Static costs, by hand and against what autograd really keeps."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.canonical import canonical
from search_spaces.cost import Cost
from search_spaces.layer import layer_class
from search_spaces.properties import properties
from search_spaces.sampling import sample
from search_spaces.space import get_space
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from workers.layer_cost import kept

GRAPHS = 150  # of each space


@pytest.mark.parametrize(
    ("text", "passes", "reductions", "bytes_", "kept"),
    [
        ("x", 1, 0, 8, 1),
        ("max(x, 0)", 2, 0, 16, 1),
        ("tanh(x)", 2, 0, 16, 1),
        ("x + v0", 2, 0, 16, 1),
        ("x * sigmoid(x)", 3, 0, 28, 3),
        ("(x - mean[bs](x)) / std[bs](x)", 3, 1, 28, 3),
        ("x / rms[c](x)", 3, 1, 28, 2),
        ("log(x)", 6, 0, 48, 5),
        ("0.5 * x", 2, 0, 16, 1),
        ("v0 + mean[s](v1)", 1, 0, 8, 1),
    ],
)
def test_costs(text: str, passes: int, reductions: int, bytes_: int, kept: int) -> None:
    assert properties(parse(text)).cost == Cost(passes, reductions, bytes_, kept)


# In these spaces all but full tensors are small: values over channels, samples or groups.
@pytest.mark.parametrize("space", ["evonorm-b", "evonorm-s", "pointwise"])
def test_as_many_tensors_are_kept_as_the_graph_says(space: str) -> None:
    rng = np.random.default_rng(20)
    for _ in range(GRAPHS):
        graph = canonical(sample(get_space(space), rng))
        layer = layer_class(graph)(8, groups=4)
        layer.plain = True
        found = kept(layer, (4, 8, 16, 16))
        assert round(found) == properties(graph).cost.kept, format_graph(graph)
