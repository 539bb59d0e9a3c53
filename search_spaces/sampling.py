"""Random graphs: the paper's uniform sampler, and one that always has an element-wise path from x."""

from __future__ import annotations

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import arity
from search_spaces.space import SearchSpace


def sample_uniform(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A graph as the paper draws it: every primitive and every earlier input equally likely."""
    base = len(space.initial)
    nodes = (random_node(space, base + i, rng) for i in range(space.num_nodes))
    return Graph(space.initial, tuple(nodes))


def sample(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A random graph whose output depends on x through element-wise primitives alone.

    Some of the nodes, the last among them, form a spine: each takes the one before it, the first takes x, in
    one of its input slots, through an element-wise primitive. All other choices are uniform. Every graph of
    the space that has an element-wise path keeps a positive probability: that path may be the spine, and
    every remaining choice is among those that are drawn uniformly.
    """
    elementwise = space.elementwise
    base = len(space.initial)
    length = int(rng.integers(1, space.num_nodes + 1))
    spine = set(rng.permutation(space.num_nodes - 1)[: length - 1].tolist()) | {space.num_nodes - 1}
    previous = space.initial.index("x")
    nodes = []
    for i in range(space.num_nodes):
        if i not in spine:
            nodes.append(random_node(space, base + i, rng))
            continue
        op = elementwise[int(rng.integers(len(elementwise)))]
        inputs = rng.integers(base + i, size=arity(op)).tolist()
        inputs[int(rng.integers(len(inputs)))] = previous
        nodes.append(Node(op, tuple(inputs)))
        previous = base + i
    return Graph(space.initial, tuple(nodes))


def random_node(space: SearchSpace, position: int, rng: np.random.Generator) -> Node:
    """A node at `position`: primitive uniform among the space's, inputs uniform among earlier values."""
    op = space.primitives[int(rng.integers(len(space.primitives)))]
    return Node(op, tuple(rng.integers(position, size=arity(op)).tolist()))

