"""Changes of a graph that must not change what it is: order, swaps, dead and duplicated nodes."""

from __future__ import annotations

import numpy as np

from search_spaces.graph import Graph, Node
from search_spaces.primitives import ELEMENTWISE


def ordered_form(graph: Graph) -> list[tuple[object, ...]]:
    """The active graph numbered in the order in which a walk from the output meets its values.

    Equal for two graphs exactly if their active graphs are the same but for numbering.
    """
    met: dict[int, int] = {}
    rows: list[tuple[object, ...]] = []
    stack = [graph.output]
    while stack:
        position = stack[-1]
        node = graph.node(position)
        inputs = () if node is None else node.inputs
        missing = [i for i in inputs if i not in met]
        if missing:
            stack.append(missing[0])
            continue
        stack.pop()
        if position not in met:
            met[position] = len(met)
            name = graph.initial[position] if node is None else node.op
            rows.append((name, *(met[i] for i in inputs)))
    return rows


def rewritten(graph: Graph, rng: np.random.Generator) -> Graph:
    """The same layer: nodes in another order, inputs swapped, nodes doubled, dead ones put in."""
    initial = (*rng.permutation([*graph.initial, "17"]).tolist(),)
    versions: dict[int, list[int]] = {
        position: [initial.index(name)] for position, name in enumerate(graph.initial)
    }
    nodes: list[Node] = []
    waiting = [position for position, _ in graph.active_nodes() if position != graph.output]
    while waiting:
        ready = [p for p in waiting if all(i in versions for i in _node(graph, p).inputs)]
        position = ready[rng.integers(len(ready))]
        waiting.remove(position)
        for _ in range(1 + int(rng.random() < 0.2)):
            if rng.random() < 0.2:
                nodes.append(Node("tanh", (int(rng.integers(len(initial) + len(nodes))),)))
            nodes.append(_copy(_node(graph, position), versions, rng))
            versions.setdefault(position, []).append(len(initial) + len(nodes) - 1)
    if graph.nodes:
        nodes.append(_copy(_node(graph, graph.output), versions, rng))
    return Graph(initial, tuple(nodes))


def _node(graph: Graph, position: int) -> Node:
    node = graph.node(position)
    assert node is not None
    return node


def _copy(node: Node, versions: dict[int, list[int]], rng: np.random.Generator) -> Node:
    inputs = [versions[i][rng.integers(len(versions[i]))] for i in node.inputs]
    if node.op in ELEMENTWISE and ELEMENTWISE[node.op].commutative and rng.random() < 0.5:
        inputs.reverse()
    return Node(node.op, tuple(inputs))
