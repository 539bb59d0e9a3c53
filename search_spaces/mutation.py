"""Mutation as in the paper: an intermediate node gets a new primitive and inputs, all uniform."""

from __future__ import annotations

import numpy as np

from search_spaces.graph import Graph
from search_spaces.sampling import random_node
from search_spaces.space import SearchSpace


def mutate(graph: Graph, space: SearchSpace, rng: np.random.Generator) -> Graph:
    """The graph with one node redrawn; it may be a dead one, so that nothing active changes."""
    i = int(rng.integers(len(graph.nodes)))
    node = random_node(space, len(graph.initial) + i, rng)
    return Graph(graph.initial, (*graph.nodes[:i], node, *graph.nodes[i + 1 :]))
