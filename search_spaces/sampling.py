"""Random graphs: the paper's uniform sampler, and one that keeps an element-wise path from x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import ARITIES, MOMENTS
from search_spaces.space import SearchSpace

_T = TypeVar("_T")

# Chances of the default sampler. Each is above 0 and below 1, so that every choice stays possible.
_LONGER_SPINE = 0.7  # that the spine grows by one more node
_BINARY = 0.7  # that a spine node is drawn among the binary primitives
_SIDE_INPUT = 0.7  # that the other input of a spine node is drawn among the nodes beside the spine
_SPINE_INPUT = 0.7  # that an input of a node beside the spine is x or a spine node
_UNNORMALIZED = 0.1  # that a graph is kept although no moment of it depends on x
_MOMENT = 0.7  # that a node beside the spine is drawn among the moments


@dataclass(frozen=True, slots=True)
class _Words:
    """A space's primitives by what the sampler needs them for."""

    elementwise: tuple[str, ...]
    binary: tuple[str, ...]  # element-wise; all of them if none is binary
    moments: tuple[str, ...]  # those that the space's requirements allow; else the element-wise
    has_moments: bool  # whether any is allowed


def sample_uniform(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A graph as the paper draws it: every primitive and every earlier input equally likely."""
    base = len(space.initial)
    nodes = [random_node(space, base + i, rng) for i in range(space.num_nodes)]
    return Graph(space.initial, tuple(nodes))


def sample(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """A random graph with an element-wise path from x, most often with a moment that depends on x.

    In a space with moments that its requirements allow, a graph without such a moment is drawn
    again, but for a small chance. So every graph with an element-wise path keeps a positive
    probability.
    """
    has_moments = _words(space).has_moments
    while True:
        nodes = _nodes_with_path(space, rng)
        averages = not has_moments or _averages_x(space, nodes)
        if averages or rng.random() < _UNNORMALIZED:
            return Graph(space.initial, tuple(nodes))


def _averages_x(space: SearchSpace, nodes: list[Node]) -> bool:
    """Whether an active moment depends on x."""
    base = len(space.initial)
    on_x = [name == "x" for name in space.initial]
    for node in nodes:
        on_x.append(any([on_x[i] for i in node.inputs]))
    wanted = {base + len(nodes) - 1}
    for i in range(len(nodes) - 1, -1, -1):
        if base + i in wanted:
            if on_x[base + i] and nodes[i].op in MOMENTS:
                return True
            wanted.update(nodes[i].inputs)
    return False


def _nodes_with_path(space: SearchSpace, rng: np.random.Generator) -> list[Node]:
    """Random nodes; the last depends on x through element-wise primitives alone.

    Some of the nodes, the last among them, form a spine: each takes the one before it, the first
    takes x, in one of its input slots, through an element-wise primitive. The other choices prefer
    binary spine nodes, moments that the space's requirements allow, and inputs that tie the nodes
    beside the spine to it, since a drawn moment matters only if the output depends on it; with the
    remaining chance each is uniform. So every graph of the space that has an element-wise path
    keeps a positive probability: that path may be the spine (of any length from 1 to all nodes, at
    any positions), and every remaining choice is possible with the uniform part of its draw.
    """
    words = _words(space)
    base = len(space.initial)
    spine = _spine_positions(space.num_nodes, rng)
    path = [space.initial.index("x")]
    beside: list[int] = []
    nodes = []
    for position in range(base, base + space.num_nodes):
        if position - base in spine:
            nodes.append(_spine_node(words, position, path[-1], beside, rng))
            path.append(position)
        else:
            nodes.append(_side_node(space, words, position, path, rng))
            beside.append(position)
    return nodes


def _spine_positions(num_nodes: int, rng: np.random.Generator) -> set[int]:
    """Positions of the spine's nodes: the last one, and others all equally likely."""
    length = 1
    while length < num_nodes and rng.random() < _LONGER_SPINE:
        length += 1
    rest = list(range(num_nodes - 1))
    drawn = [rest.pop(_below(len(rest), rng)) for _ in range(length - 1)]
    return {*drawn, num_nodes - 1}


def _spine_node(
    words: _Words, position: int, previous: int, beside: list[int], rng: np.random.Generator
) -> Node:
    """An element-wise node that takes `previous` in one of its input slots."""
    op = pick(words.binary if rng.random() < _BINARY else words.elementwise, rng)
    inputs = [
        pick(beside, rng) if beside and rng.random() < _SIDE_INPUT else _below(position, rng)
        for _ in range(ARITIES[op])
    ]
    inputs[_below(len(inputs), rng)] = previous
    return Node(op, tuple(inputs))


def _side_node(
    space: SearchSpace, words: _Words, position: int, path: list[int], rng: np.random.Generator
) -> Node:
    """A node beside the spine, often a moment of a value on it."""
    op = pick(words.moments if rng.random() < _MOMENT else space.primitives, rng)
    inputs = [
        pick(path, rng) if rng.random() < _SPINE_INPUT else _below(position, rng)
        for _ in range(ARITIES[op])
    ]
    return Node(op, tuple(inputs))


@lru_cache(maxsize=64)
def _words(space: SearchSpace) -> _Words:
    elementwise = space.elementwise
    allowed = tuple(op for op in space.allowed if op in MOMENTS)
    return _Words(
        elementwise=elementwise,
        binary=tuple(op for op in elementwise if ARITIES[op] == 2) or elementwise,
        moments=allowed or elementwise,
        has_moments=bool(allowed),
    )


def _below(count: int, rng: np.random.Generator) -> int:
    """A number from 0 to count - 1, all equally likely; several times faster than `integers`."""
    return int(rng.random() * count)


def pick(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    """One of the choices, all equally likely."""
    return choices[int(rng.random() * len(choices))]


def random_node(space: SearchSpace, position: int, rng: np.random.Generator) -> Node:
    """A node at `position`: primitive uniform in the space, inputs uniform among earlier values."""
    op = pick(space.primitives, rng)
    return Node(op, tuple([_below(position, rng) for _ in range(ARITIES[op])]))
