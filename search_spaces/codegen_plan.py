"""What generated code has to compute for a graph: live steps in order, before any of them is text.

Lowering goes graph -> steps -> text. A step is an operation on values or a group of moments that
are computed together; values are positions in the graph.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from search_spaces.graph import Graph, Node, is_constant
from search_spaces.index_sets import (
    ALL_AXES,
    BATCH,
    BETWEEN_GROUPS,
    SPACE,
    WITHIN_GROUP,
    Axes,
    reduced_axes,
)
from search_spaces.primitives import MOMENTS
from search_spaces.varies import combined_axes, initial_axes

# sqrt(y^2 + eps): the rms over no axes. A step of the plan only, not a primitive of graphs.
SMOOTH_ABS = "smooth_abs"
# std over no axes: a Python number, whatever its argument.
ROOT_OF_EPS = "eps**0.5"


@dataclass(frozen=True, slots=True)
class Operation:
    """One element-wise operation."""

    target: int
    op: str
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Moments of one argument over the same axes; `targets` maps mean, rms and std to positions."""

    argument: int
    reduced: Axes
    index_set: str
    targets: dict[str, int]

    @property
    def over_batch(self) -> bool:
        """Whether they keep running estimates for evaluation."""
        return BATCH in self.reduced


@dataclass(frozen=True, slots=True)
class Plan:
    """Live steps, inputs first.

    `scalars` are the positions that are plain Python numbers, as source text; `uses` counts how
    often the live steps and the output read a position; `axes` says along which axes it varies.
    """

    initial: tuple[str, ...]
    steps: tuple[Operation | Statistics, ...]
    output: int
    scalars: dict[int, str]
    axes: dict[int, Axes]
    uses: Counter[int]

    @property
    def grouped(self) -> bool:
        """Whether a value differs between groups but not within one."""
        return any(
            BETWEEN_GROUPS in axes and WITHIN_GROUP not in axes
            for position, axes in self.axes.items()
            if position in self.uses
        )

    @property
    def has_deviations(self) -> bool:
        """Whether a step takes the standard deviation of a full tensor."""
        return any(
            isinstance(step, Statistics)
            and "std" in step.targets
            and self.axes[step.argument] == ALL_AXES
            for step in self.steps
        )

    @property
    def has_sample_statistics(self) -> bool:
        """Whether a step averages over space and not over the batch."""
        return any(
            isinstance(step, Statistics) and SPACE in step.reduced and not step.over_batch
            for step in self.steps
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Trainable initial nodes that are read: v0, v1, alpha, shift or some."""
        used = (self.initial[i] for i in sorted(self.uses) if i < len(self.initial))
        return tuple(name for name in used if name != "x" and not is_constant(name))


def plan(graph: Graph) -> Plan:
    """The plan of a graph."""
    return _Planner(graph).plan()


class _Planner:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps: list[Operation | Statistics] = []
        self.scalars: dict[int, str] = {}
        self.same: dict[int, int] = {}  # position -> position of the same value
        self.axes: dict[int, Axes] = {}
        self.shared: dict[tuple[int, Axes], Statistics] = {}
        for position, name in enumerate(graph.initial):
            self.axes[position] = initial_axes(name)
            if is_constant(name):
                self.scalars[position] = name

    def plan(self) -> Plan:
        for position, node in self.graph.active_nodes():
            inputs = tuple(self.same.get(i, i) for i in node.inputs)
            self.axes[position] = combined_axes(node.op, tuple(self.axes[i] for i in inputs))
            if node.op in MOMENTS:
                self.add_moment(position, node, inputs[0])
            else:
                self.add_operation(position, node.op, inputs)
        output = self.same.get(self.graph.output, self.graph.output)
        steps, uses = _live(self.steps, output)
        return Plan(self.graph.initial, steps, output, self.scalars, self.axes, uses)

    def add_operation(self, position: int, op: str, inputs: tuple[int, ...]) -> None:
        if op == "neg" and inputs[0] in self.scalars:
            text = self.scalars[inputs[0]]
            self.scalars[position] = text[1:] if text.startswith("-") else f"-{text}"
            return
        if op == "max":
            # max(y, 0) is relu: its gradient at 0 is 0, where every other tie splits the gradient.
            rest = tuple(i for i in inputs if not self.is_zero(i))
            if len(rest) == 1:
                op, inputs = "relu", rest
        self.steps.append(Operation(position, op, inputs))

    def is_zero(self, position: int) -> bool:
        text = self.scalars.get(position, ROOT_OF_EPS).lstrip("-")
        return text != ROOT_OF_EPS and float(text) == 0

    def add_moment(self, position: int, node: Node, argument: int) -> None:
        kind, index_set = MOMENTS[node.op]
        reduced = reduced_axes(index_set, self.axes[argument])
        if reduced:
            known = self.shared.get((argument, reduced))
            if known is None:
                known = Statistics(argument, reduced, index_set, {})
                self.shared[argument, reduced] = known
                self.steps.append(known)
            self.same[position] = known.targets.setdefault(kind, position)
        elif kind == "mean":
            self.same[position] = argument
        elif kind == "rms":
            self.steps.append(Operation(position, SMOOTH_ABS, (argument,)))
        else:
            self.scalars[position] = ROOT_OF_EPS


def _live(
    steps: list[Operation | Statistics], output: int
) -> tuple[tuple[Operation | Statistics, ...], Counter[int]]:
    """The steps that the output depends on, and how often each position is read."""
    uses = Counter({output: 1})
    live: list[Operation | Statistics] = []
    for step in reversed(steps):
        if isinstance(step, Operation):
            if uses[step.target]:
                uses.update(step.inputs)
                live.append(step)
        else:
            targets = {kind: at for kind, at in step.targets.items() if uses[at]}
            if targets:
                uses[step.argument] += 1
                live.append(Statistics(step.argument, step.reduced, step.index_set, targets))
    return tuple(reversed(live)), +uses
