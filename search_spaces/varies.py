"""Along which axes each value varies: a per-channel vector stays small until it must grow."""

from __future__ import annotations

from search_spaces.graph import Graph, Node
from search_spaces.index_sets import ALL_AXES, CHANNELS, NO_AXES, Axes, reduced_axes
from search_spaces.primitives import MOMENTS

_INITIAL: dict[str, Axes] = {"x": ALL_AXES, "v0": CHANNELS, "v1": CHANNELS}


def initial_axes(name: str) -> Axes:
    """The axes an initial node varies along; numbers, trainable or constant, vary along none."""
    return _INITIAL.get(name, NO_AXES)


def combined_axes(op: str, inputs: tuple[Axes, ...]) -> Axes:
    """The axes that the result of `op` varies along, given those of its inputs."""
    if op in MOMENTS:
        kind, index_set = MOMENTS[op]
        reduced = reduced_axes(index_set, inputs[0])
        if kind == "std" and not reduced:
            return NO_AXES  # sqrt(eps), whatever the argument
        return inputs[0] - reduced
    return NO_AXES.union(*inputs)


def varying_axes(graph: Graph) -> tuple[Axes, ...]:
    """The axes of every value of the graph, by position."""
    axes = [initial_axes(name) for name in graph.initial]
    for node in graph.nodes:
        axes.append(combined_axes(node.op, tuple(axes[i] for i in node.inputs)))
    return tuple(axes)


def is_batch_statistic(node: Node, argument: Axes) -> bool:
    """Whether a node is a moment over the batch, which keeps a running estimate for evaluation."""
    return node.op in MOMENTS and "b" in reduced_axes(MOMENTS[node.op][1], argument)
