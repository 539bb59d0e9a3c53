"""Random graphs over the whole vocabulary, independent of the samplers of the search."""

from __future__ import annotations

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import ELEMENTWISE, MOMENTS, arity

_INITIAL = ("x", "0", "v0", "v1", "alpha", "shift", "0.5", "1")


def random_graph(rng: np.random.Generator, nodes: int = 8) -> Graph:
    """A graph that reads x; element-wise primitives and moments equally often."""
    kinds = (tuple(ELEMENTWISE), tuple(MOMENTS))
    while True:
        built = []
        for position in range(len(_INITIAL), len(_INITIAL) + nodes):
            kind = kinds[rng.integers(2)]
            op = kind[rng.integers(len(kind))]
            # Later values and x are preferred, so that graphs are deep.
            low = max(0, position - 5) if rng.random() < 0.7 else 0
            chosen = (
                int(rng.integers(low, position)) if rng.random() < 0.8 else 0
                for _ in range(arity(op))
            )
            built.append(Node(op, tuple(chosen)))
        graph = Graph(_INITIAL, tuple(built))
        if 0 in graph.active():
            return graph
