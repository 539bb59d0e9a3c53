"""Edits of the active part of a graph, the ground of mutations beyond the paper's.

An edit works on the active nodes alone; what the space's number of nodes leaves free is filled with
random dead nodes, which later mutations may bring to life. An edit that does not apply, or does not
fit, returns None.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import ELEMENTWISE, MOMENTS, arity
from search_spaces.sampling import pick, random_node
from search_spaces.space import SearchSpace

Edit = Callable[[Graph, SearchSpace, np.random.Generator, Graph], Graph | None]


def insert(
    graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph
) -> Graph | None:
    """A new node between a value and one of its uses, or after the output."""
    initial, nodes = _active_part(graph, space)
    if not nodes:
        return None
    base = len(initial)
    at = int(rng.integers(len(nodes) + 1))
    user = nodes[at] if at < len(nodes) else Node("neg", (base + len(nodes) - 1,))
    slot = int(rng.integers(len(user.inputs)))
    op = pick(space.allowed, rng)
    inputs = rng.integers(base + at, size=arity(op)).tolist()
    inputs[int(rng.integers(len(inputs)))] = user.inputs[slot]
    changed = _shifted(nodes, base + at, 1)
    changed.insert(at, Node(op, tuple(inputs)))
    if at < len(nodes):
        changed[at + 1] = _with_input(changed[at + 1], slot, base + at)
    return _filled(initial, changed, space, rng)


def delete(
    graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph
) -> Graph | None:
    """An active node leaves; its uses take one of its inputs instead."""
    initial, nodes = _active_part(graph, space)
    if len(nodes) < 2:
        return None
    base = len(initial)
    at = int(rng.integers(len(nodes)))
    instead = pick(nodes[at].inputs, rng)
    if at == len(nodes) - 1:
        return (
            _filled(initial, nodes[: instead - base + 1], space, rng) if instead >= base else None
        )
    later = [
        Node(n.op, tuple(instead if i == base + at else i - (i > base + at) for i in n.inputs))
        for n in nodes[at + 1 :]
    ]
    return _filled(initial, [*nodes[:at], *later], space, rng)


def rewire(
    graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph
) -> Graph | None:
    """One input of an active node is taken from another earlier value."""
    initial, nodes = _active_part(graph, space)
    if not nodes:
        return None
    at = int(rng.integers(len(nodes)))
    slot = int(rng.integers(len(nodes[at].inputs)))
    nodes[at] = _with_input(nodes[at], slot, int(rng.integers(len(initial) + at)))
    return _filled(initial, nodes, space, rng)


def swap(graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph) -> Graph | None:
    """The inputs of a division or difference change places."""
    initial, nodes = _active_part(graph, space)
    ordered = [at for at, n in enumerate(nodes) if len(n.inputs) == 2 and not _commutes(n)]
    if not ordered:
        return None
    at = pick(ordered, rng)
    nodes[at] = Node(nodes[at].op, nodes[at].inputs[::-1])
    return _filled(initial, nodes, space, rng)


def moment(
    graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph
) -> Graph | None:
    """An active moment gets another kind or another index set, one of the space's."""
    initial, nodes = _active_part(graph, space)
    moments = [at for at, node in enumerate(nodes) if node.op in MOMENTS]
    if not moments:
        return None
    at = pick(moments, rng)
    kept = int(rng.integers(2))  # the kind or the index set stays
    parts = MOMENTS[nodes[at].op]
    others = [
        op
        for op in space.allowed
        if op in MOMENTS and MOMENTS[op][kept] == parts[kept] and op != nodes[at].op
    ]
    if not others:
        return None
    nodes[at] = Node(pick(others, rng), nodes[at].inputs)
    return _filled(initial, nodes, space, rng)


def graft(graph: Graph, space: SearchSpace, rng: np.random.Generator, donor: Graph) -> Graph | None:
    """A value of the donor, with all it is made of, takes the place of an input."""
    initial, nodes = _active_part(graph, space)
    donated = [position for position, _ in donor.active_nodes()]
    if not nodes or not donated:
        return None
    root = pick(donated, rng)
    piece_of = Graph(donor.initial, donor.nodes[: root - len(donor.initial) + 1])
    piece_initial, piece = _active_part(piece_of, space)
    initial, piece, nodes = _over_one_initial(initial, nodes, piece_initial, piece)
    base = len(initial)
    at = int(rng.integers(len(nodes)))
    slot = int(rng.integers(len(nodes[at].inputs)))
    changed = [*piece, *_shifted(nodes, base, len(piece))]
    target = len(piece) + at
    changed[target] = _with_input(changed[target], slot, base + len(piece) - 1)
    whole = Graph(initial, tuple(changed))
    return _filled(*_active_part(whole, space), space, rng)


EDITS: dict[str, Edit] = {
    "insert": insert,
    "delete": delete,
    "rewire": rewire,
    "swap": swap,
    "moment": moment,
    "graft": graft,
}


def _commutes(node: Node) -> bool:
    return node.op in ELEMENTWISE and ELEMENTWISE[node.op].commutative


def _with_input(node: Node, slot: int, source: int) -> Node:
    return Node(node.op, (*node.inputs[:slot], source, *node.inputs[slot + 1 :]))


def _shifted(nodes: list[Node], first: int, by: int) -> list[Node]:
    """Nodes whose inputs at `first` or later have moved."""
    return [Node(n.op, tuple(i + by * (i >= first) for i in n.inputs)) for n in nodes]


def _active_part(graph: Graph, space: SearchSpace) -> tuple[tuple[str, ...], list[Node]]:
    """Initial names, the space's first, and the active nodes over them."""
    active = graph.active()
    base = len(graph.initial)
    used = [graph.initial[i] for i in active if i < base]
    initial = (*space.initial, *(name for name in used if name not in space.initial))
    place = {i: initial.index(graph.initial[i]) for i in active if i < base}
    nodes: list[Node] = []
    for position, node in graph.active_nodes():
        place[position] = len(initial) + len(nodes)
        nodes.append(Node(node.op, tuple(place[i] for i in node.inputs)))
    return initial, nodes


def _over_one_initial(
    left: tuple[str, ...], left_nodes: list[Node], right: tuple[str, ...], right_nodes: list[Node]
) -> tuple[tuple[str, ...], list[Node], list[Node]]:
    """(initial names of both, the right nodes, the left nodes) with inputs renumbered."""
    both = (*left, *(name for name in right if name not in left))

    def over(initial: tuple[str, ...], nodes: list[Node]) -> list[Node]:
        place = [both.index(name) for name in initial]
        by = len(both) - len(initial)
        return [
            Node(n.op, tuple(place[i] if i < len(initial) else i + by for i in n.inputs))
            for n in nodes
        ]

    return both, over(right, right_nodes), over(left, left_nodes)


def _filled(
    initial: tuple[str, ...], nodes: list[Node], space: SearchSpace, rng: np.random.Generator
) -> Graph | None:
    """The nodes behind as many random dead ones as the space has room for."""
    free = space.num_nodes - len(nodes)
    if free < 0:
        return None
    base = len(initial)
    dead = [random_node(space, base + i, rng) for i in range(free)]
    return Graph(initial, (*dead, *_shifted(nodes, base, free)))
