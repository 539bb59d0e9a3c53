"""What a layer costs in training, counted on its canonical graph for one element of x in float32.

Counted are full tensors, which vary along all axes, as the plain form of the generated code
computes them one operation at a time; smaller values (vectors, statistics) cost next to nothing.
The closing affine is counted too.
"""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.graph import Graph, Node, is_constant
from search_spaces.index_sets import ALL_AXES, Axes, reduced_axes
from search_spaces.primitives import MOMENTS, OWN

BYTES_PER_NUMBER = 4

# Operations of a primitive, where more than one (log is abs, add, log, sign, mul).
_PASSES = {"log": 5, "sqrt": 5, "rsqrt": 3}
# What the backward pass needs: the output, or the inputs, or nothing.
_KEEPS_OUTPUT = frozenset(("sigmoid", "tanh", "exp", "relu", "rsqrt"))
_KEEPS_NOTHING = frozenset(("add", "sub", "neg"))


@dataclass(frozen=True, slots=True)
class Cost:
    """passes, reductions: over a full tensor; bytes: read and written by them, an element of x;
    kept: full tensors that the backward pass keeps.
    """

    passes: int
    reductions: int
    bytes: int
    kept: int


def cost(graph: Graph, axes: tuple[Axes, ...]) -> Cost:
    """The cost of a canonical graph, given the axes that its values vary along."""
    passes = reductions = numbers = 0
    averaged: set[tuple[int, Axes, bool]] = set()
    kept = {graph.output}  # by the closing affine
    kept_inside = 0
    for position, node in enumerate(graph.nodes, start=len(graph.initial)):
        full = {i for i in node.inputs if axes[i] == ALL_AXES}
        if not full and axes[position] != ALL_AXES:
            continue
        kind, index_set = MOMENTS.get(node.op, (node.op, ""))
        operations = OWN[kind].passes if kind in OWN else _PASSES.get(kind, 1)
        if index_set and (reduced := reduced_axes(index_set, axes[node.inputs[0]])):
            # Mean and variance come from one reduction; a mean square needs the square first.
            statistic = (node.inputs[0], reduced, kind == "rms")
            if statistic not in averaged:
                averaged.add(statistic)
                reductions += 1
                numbers += 1
            operations = int(kind == "rms")
            kept.update(full if kind != "mean" else ())
        else:
            numbers += len(full) - 1
            kept.update(_kept(graph, node, position, full))
            kept_inside += OWN[kind].kept if kind in OWN else 0
        passes += operations
        numbers += 2 * operations
    return Cost(passes + 1, reductions, BYTES_PER_NUMBER * (numbers + 2), len(kept) + kept_inside)


def _kept(graph: Graph, node: Node, position: int, full: set[int]) -> set[int]:
    by_constant = node.op in ("mul", "div") and any(
        i < len(graph.initial) and is_constant(graph.initial[i]) for i in node.inputs
    )
    if node.op in _KEEPS_NOTHING or by_constant:
        return set()
    return {position} if node.op in _KEEPS_OUTPUT else full
