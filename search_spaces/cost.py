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
# What the backward pass needs: the output, or the inputs, or nothing; and what lies in between.
_KEEPS_OUTPUT = frozenset(("sigmoid", "tanh", "exp", "relu", "rsqrt"))
_KEEPS_NOTHING = frozenset(("add", "sub", "neg"))
_KEEPS_INSIDE = {"log": 3, "sqrt": 2, "rsqrt": 1}


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
    constants = {i for i, name in enumerate(graph.initial) if is_constant(name)}
    zeros = {i for i in constants if float(graph.initial[i]) == 0}
    for position, node in enumerate(graph.nodes, start=len(graph.initial)):
        if constants.issuperset(node.inputs):
            constants.add(position)
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
            kept.update(_kept(node, position, full, constants, zeros))
            if kind == "div" and node.inputs[0] in constants:
                kept_inside += 1  # the reciprocal
            kept_inside += OWN[kind].kept if kind in OWN else _KEEPS_INSIDE.get(kind, 0)
        passes += operations
        numbers += 2 * operations
    return Cost(passes + 1, reductions, BYTES_PER_NUMBER * (numbers + 2), len(kept) + kept_inside)


def _kept(
    node: Node, position: int, full: set[int], constants: set[int], zeros: set[int]
) -> set[int]:
    """Full tensors that an operation keeps; `constants`: values that nothing is learned about."""
    linear = node.op in ("mul", "div") and not constants.isdisjoint(node.inputs)
    if linear or node.op in _KEEPS_NOTHING:
        return set()
    is_relu = node.op == "max" and not zeros.isdisjoint(node.inputs)
    return {position} if is_relu or node.op in _KEEPS_OUTPUT else full
