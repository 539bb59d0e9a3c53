"""Random graphs: the paper's uniform sampler, and one that keeps an element-wise path from x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import MOMENTS, arity
from search_spaces.space import SearchSpace

_T = TypeVar("_T")


def sample_uniform(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A graph as the paper draws it: every primitive and every earlier input equally likely."""
    base = len(space.initial)
    nodes = (random_node(space, base + i, rng) for i in range(space.num_nodes))
    return Graph(space.initial, tuple(nodes))


# Chances of the default sampler. Each is above 0 and below 1, so that every choice stays possible.
_LONGER_SPINE = 0.7  # that the spine grows by one more node
_BINARY = 0.7  # that a spine node is drawn among the binary primitives
_SIDE_INPUT = 0.7  # that the other input of a spine node is drawn among the nodes beside the spine
_SPINE_INPUT = 0.7  # that an input of a node beside the spine is x or a spine node
_UNNORMALIZED = 0.1  # that a graph is kept although no moment of it depends on x
_MOMENT = 0.7  # that a node beside the spine is drawn among the moments


def sample(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A random graph with an element-wise path from x, most often with a moment that depends on x.

    A graph without such a moment is drawn again, but for a small chance, where the space has
    moments.
    """
    while True:
        graph = _sample_with_path(space, rng)
        if not space.moments or _averages_x(graph) or rng.random() < _UNNORMALIZED:
            return graph


def _averages_x(graph: Graph) -> bool:
    """Whether an active moment depends on x."""
    on_x = {graph.initial.index("x")}
    averaged = False
    for position, node in graph.active_nodes():
        if not on_x.isdisjoint(node.inputs):
            on_x.add(position)
            averaged = averaged or node.op in MOMENTS
    return averaged


def _sample_with_path(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A random graph whose output depends on x through element-wise primitives alone.

    Some of the nodes, the last among them, form a spine: each takes the one before it, the first
    takes x, in one of its input slots, through an element-wise primitive. The other choices prefer
    binary spine nodes and inputs that tie the nodes beside the spine to it, since a drawn moment
    matters only if the output depends on it; with the remaining chance each is uniform. So every
    graph of the space that has an element-wise path keeps a positive probability: that path may be
    the spine (of any length from 1 to all nodes, at any positions), and every remaining choice is
    possible with the uniform part of its draw.
    """
    base = len(space.initial)
    spine = _spine_positions(space.num_nodes, rng)
    path = [space.initial.index("x")]
    beside: list[int] = []
    nodes = []
    for i in range(space.num_nodes):
        if i in spine:
            nodes.append(_spine_node(space, base + i, path[-1], beside, rng))
            path.append(base + i)
        else:
            nodes.append(_side_node(space, base + i, path, rng))
            beside.append(base + i)
    return Graph(space.initial, tuple(nodes))


def _spine_positions(num_nodes: int, rng: np.random.Generator) -> set[int]:
    length = 1
    while length < num_nodes and rng.random() < _LONGER_SPINE:
        length += 1
    return {*rng.permutation(num_nodes - 1)[: length - 1].tolist(), num_nodes - 1}


def _spine_node(
    space: SearchSpace, position: int, previous: int, beside: list[int], rng: np.random.Generator
) -> Node:
    """An element-wise node that takes `previous` in one of its input slots."""
    binary = [op for op in space.elementwise if arity(op) == 2]
    op = _pick(binary if binary and rng.random() < _BINARY else space.elementwise, rng)
    inputs = [
        _pick(beside, rng) if beside and rng.random() < _SIDE_INPUT else int(rng.integers(position))
        for _ in range(arity(op))
    ]
    inputs[int(rng.integers(len(inputs)))] = previous
    return Node(op, tuple(inputs))


def _side_node(
    space: SearchSpace, position: int, path: list[int], rng: np.random.Generator
) -> Node:
    """A node beside the spine, often a moment of a value on it."""
    moments = space.moments
    op = _pick(moments if moments and rng.random() < _MOMENT else space.primitives, rng)
    inputs = (
        _pick(path, rng) if rng.random() < _SPINE_INPUT else int(rng.integers(position))
        for _ in range(arity(op))
    )
    return Node(op, tuple(inputs))


def _pick(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.integers(len(choices)))]


def random_node(space: SearchSpace, position: int, rng: np.random.Generator) -> Node:
    """A node at `position`: primitive uniform among the space's, inputs uniform among earlier
    values.
    """
    op = space.primitives[int(rng.integers(len(space.primitives)))]
    return Node(op, tuple(rng.integers(position, size=arity(op)).tolist()))
