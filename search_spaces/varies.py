"""Along which axes each value of a graph varies, so that a per-channel vector can stay small until it must grow."""

from __future__ import annotations

from search_spaces.graph import Graph, Node
from search_spaces.index_sets import ALL_AXES, CHANNELS, NO_AXES, Axes, reduced_axes
from search_spaces.primitives import MOMENTS

_INITIAL: dict[str, Axes] = {"x": ALL_AXES, "v0": CHANNELS, "v1": CHANNELS, "alpha": NO_AXES}


def initial_axes(name: str) -> Axes:
    """The axes an initial node varies along; constants vary along none."""
    return _INITIAL.get(name, NO_AXES)


def combined_axes(op: str, inputs: tuple[Axes, ...]) -> Axes:
    """The axes that the result of `op` varies along, given those of its inputs."""
    if op in MOMENTS:
        return inputs[0] - reduced_axes(MOMENTS[op][1], inputs[0])
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
