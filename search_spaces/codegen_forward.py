"""A plan as linear forms: which full tensors a layer needs, and what is small beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from search_spaces.adjoints import COMPOSED
from search_spaces.codegen_plan import ROOT_OF_EPS, Operation, Plan, Statistics
from search_spaces.derivation import Derivation, LinearForm
from search_spaces.index_sets import SPACE, Axes


@dataclass(frozen=True, slots=True)
class Forward:
    """`output` is the layer with its closing affine, one full tensor.

    `estimates` are the batch statistics that running estimates follow, in the order of the plan.
    """

    output: int
    estimates: tuple[int, ...]


def lower(plan: Plan, derivation: Derivation) -> Forward | None:
    """The plan in a derivation; None if its output is not a full tensor, or out of reach."""
    return _Lowering(plan, derivation).lower()


class _Lowering:
    def __init__(self, plan: Plan, derivation: Derivation) -> None:
        self.plan = plan
        self.to = derivation
        self.values: dict[int, LinearForm] = {}
        self.estimates: list[int] = []
        deviations = Counter(
            step.argument
            for step in plan.steps
            if isinstance(step, Statistics) and "std" in step.targets and SPACE in step.reduced
        )
        # One reading for all deviations of a value: they follow from those over space.
        self.by_space = {argument for argument, count in deviations.items() if count > 1}

    def lower(self) -> Forward | None:
        for position, text in self.plan.scalars.items():
            self.values[position] = self.scalar(text)
        for position, name in enumerate(self.plan.initial):
            if position not in self.plan.scalars:
                self.values[position] = self.to.form(self.to.leaf(name))
        for step in self.plan.steps:
            if isinstance(step, Statistics):
                self.add_statistics(step)
            else:
                self.values[step.target] = self.operation(step)
        y = self.values[self.plan.output]
        if not y.terms:
            return None
        y = self.to.scaled(y, self.to.leaf("weight"))
        y = self.to.add(y, self.to.form(self.to.leaf("bias")))
        return Forward(self.to.full(y), tuple(self.estimates))

    def scalar(self, text: str) -> LinearForm:
        """A number, written as the plan writes it."""
        number = self.to.leaf("root_of_eps" if text.endswith(ROOT_OF_EPS) else text.lstrip("-"))
        form = self.to.form(number)
        return self.to.negative(form) if text.startswith("-") else form

    def operation(self, step: Operation) -> LinearForm:
        arguments = tuple(self.values[i] for i in step.inputs)
        if step.op in COMPOSED:
            return self.to.evaluate(COMPOSED[step.op], dict(zip("ab", arguments, strict=False)))
        return self.to.call(step.op, arguments)

    def add_statistics(self, step: Statistics) -> None:
        form = self.values[step.argument]
        for kind, target in step.targets.items():
            estimate = self.estimate(kind, step.reduced, form, step.argument in self.by_space)
            if step.over_batch:
                self.estimates.append(estimate)
            if kind != "mean":
                with_eps = self.to.make("add", (estimate, self.to.leaf("eps")))
                estimate = self.to.make("root", (with_eps,))
            self.values[target] = self.to.form(estimate)

    def estimate(self, kind: str, over: Axes, form: LinearForm, by_space: bool) -> int:
        """Mean, mean square (for rms) or biased variance (for std) of a value over axes."""
        if not form.terms:
            return self.of_small(kind, over & self.to.axes[form.constant], form.constant)
        space = frozenset((SPACE,))
        if self.is_clear(form, over) and not (by_space and over > space):
            return self.of_full(kind, over, form)
        if SPACE in over and self.is_clear(form, space):
            return self.by_sample(kind, over - space, form)
        return self.of_full(kind, over, self.to.form(self.to.full(form)))

    def is_clear(self, form: LinearForm, over: Axes) -> bool:
        """Whether statistics over these axes are those of one full tensor, scaled and shifted."""
        varies = self.to.axes[form.constant].union(*(self.to.axes[c] for _, c in form.terms))
        return len(form.terms) == 1 and not varies & over

    def of_full(self, kind: str, over: Axes, form: LinearForm) -> int:
        ((number, factor),) = form.terms
        axes = "".join(sorted(over))
        squared = self.to.make("square", (factor,))
        if kind == "rms" and form.constant == self.to.zero:
            return self.to.make("mul", (self.to.make(f"square:{axes}", (number,)), squared))
        mean = self.to.make("mul", (self.to.make(f"moment:{axes}", (number,)), factor))
        mean = self.to.make("add", (mean, form.constant))
        if kind == "mean":
            return mean
        variance = self.to.make("mul", (self.to.make(f"variance:{axes}", (number,)), squared))
        return variance if kind == "std" else self.with_square(variance, mean)

    def by_sample(self, kind: str, rest: Axes, form: LinearForm) -> int:
        """From the statistics over space of every sample and channel, which differ along `rest`."""
        space = frozenset((SPACE,))
        if kind != "std":
            return self.of_small("mean", rest, self.of_full(kind, space, form))
        mean, variance = (self.of_full(each, space, form) for each in ("mean", "std"))
        return self.of_small("mean", rest, self.with_square(variance, self.centered(mean, rest)))

    def of_small(self, kind: str, over: Axes, number: int) -> int:
        if kind == "rms":
            return self.of_small("mean", over, self.to.make("square", (number,)))
        if kind == "std":
            squared = self.to.make("square", (self.centered(number, over),))
            return self.of_small("mean", over, squared)
        if not over or self.to.is_number(number):  # such as the mean of a centered value
            return number
        return self.to.make(f"mean:{''.join(sorted(over))}", (number,))

    def centered(self, number: int, over: Axes) -> int:
        mean = self.of_small("mean", over, number)
        return self.to.make("add", (number, self.to.make("neg", (mean,))))

    def with_square(self, number: int, other: int) -> int:
        return self.to.make("add", (number, self.to.make("square", (other,))))
