"""The plain lines of a plan, whose backward pass autograd finds: values, moments, affine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from search_spaces.codegen_expressions import MAX_INLINE, PRODUCT, Expressions
from search_spaces.codegen_plan import Operation, Plan, Statistics
from search_spaces.codegen_text import wrap
from search_spaces.index_sets import ALL_AXES, WITHIN_GROUP

# The longest argument of a moment that is put inline, in characters.
_MAX_ARGUMENT = 32

# What is averaged, and stored as a running estimate, for each kind of moment.
_ESTIMATES = {"mean": "mean", "std": "var", "rms": "mean_square"}


@dataclass(frozen=True, slots=True)
class Buffer:
    """A running estimate: its name, what it starts at, and its size as source text."""

    name: str
    start: int
    size: str


@dataclass(frozen=True, slots=True)
class Body:
    """Lines that turn `x`, (B, C, S), into a value of that shape, and their running estimates.

    `estimates` are the names of the batch statistics that the running estimates follow.
    """

    lines: tuple[str, ...]
    buffers: tuple[Buffer, ...]
    estimates: tuple[str, ...]


def write_body(plan: Plan, *, synced: bool = False) -> Body:
    """The lines of a plan; `synced`: those that average over the batches of a `process_group`."""
    return _Writer(plan, synced).write()


class _Writer:
    def __init__(self, plan: Plan, synced: bool) -> None:
        self.plan = plan
        self.synced = synced
        self.grouped = plan.grouped
        self.values = Expressions(plan)
        self.lines = self.values.lines
        self.buffers: list[Buffer] = []
        self.estimates: list[str] = []
        for name in (*plan.parameters, "weight", "bias", "eps", "groups", "process_group"):
            self.values.fresh(name)  # arguments

    def write(self) -> Body:
        self.lines += first_lines((*self.plan.parameters, "weight", "bias"), self.grouped)
        for position, name in enumerate(self.plan.initial):
            if position not in self.plan.scalars:
                self.values.names[position] = name
        for step in self.plan.steps:
            if isinstance(step, Operation):
                self.values.add(step)
            else:
                self.write_statistics(step)
        self.write_return()
        lines = tuple(part for line in self.lines for part in wrap(line, indent=4))
        return Body(lines, tuple(self.buffers), tuple(self.estimates))

    def write_return(self) -> None:
        output = self.plan.output
        if output in self.plan.scalars:
            value = f"torch.full_like(x, {self.plan.scalars[output]})"
        elif self.plan.axes[output] != ALL_AXES:
            value = f"(torch.zeros_like(x) + {self.values.atom(output)})"
        else:
            value = self.values.text(output, PRODUCT)
            if len(value) > MAX_INLINE:
                value = self.values.atom(output)
        value = f"{value} * weight + bias"
        value = f"({value}).flatten(1, 2)" if self.grouped else value
        self.lines.append(f"return {', '.join((value, *self.estimates))}")

    def write_statistics(self, step: Statistics) -> None:
        values, kinds = self.values, step.targets
        own_line: list[str] = []  # of an argument that only training needs
        if step.over_batch and step.argument in values.inline:
            expression = values.inline.pop(step.argument)
            own_line = [f"{values.name(step.argument)} = {expression.text}"]
        argument = values.text(step.argument)
        if len(argument) > _MAX_ARGUMENT or (len(kinds) > 1 and "rms" in kinds):
            argument = values.atom(step.argument)
        values.inline.pop(step.argument, None)
        estimates = {kind: values.fresh(f"{_ESTIMATES[kind]}_{step.index_set}") for kind in kinds}
        averages = self.synced_averages if step.over_batch and self.synced else self.averages
        computed = own_line + averages(step, argument, estimates)
        self.lines.extend(self.running(step, computed, estimates) if step.over_batch else computed)
        for kind, target in kinds.items():
            if kind == "mean":
                values.names[target] = estimates[kind]
            else:
                values.names[target] = values.fresh(f"{kind}_{step.index_set}")
                root = f"torch.sqrt({estimates[kind]} + eps)"
                self.lines.append(f"{values.names[target]} = {root}")

    def averages(self, step: Statistics, argument: str, estimates: dict[str, str]) -> list[str]:
        """Lines that average over this batch; `estimates` maps mean, std and rms to names."""
        over = self.over(step)
        options = f"dim={over if len(over) > 1 else over[0]}, keepdim=True"
        mean, std, rms = (estimates.get(kind) for kind in ("mean", "std", "rms"))
        lines = []
        if std:
            lines.append(f"{std}, {mean or '_'} = _var_mean({argument}, {over})")
        elif mean:
            lines.append(f"{mean} = torch.mean({argument}, {options})")
        if rms:
            lines.append(f"{rms} = torch.mean(torch.square({argument}), {options})")
        return lines

    def synced_averages(
        self, step: Statistics, argument: str, estimates: dict[str, str]
    ) -> list[str]:
        """The same over the batches of all processes of a group."""
        mean, std, rms = (estimates.get(kind) for kind in ("mean", "std", "rms"))
        options = f"{self.over(step)}, process_group"
        lines = []
        if std:
            lines.append(f"{std}, {mean or '_'} = _synced_var_mean({argument}, {options})")
        elif mean:
            lines.append(f"{mean} = _synced_mean({argument}, {options})")
        if rms:
            lines.append(f"{rms} = _synced_mean(torch.square({argument}), {options})")
        return lines

    def over(self, step: Statistics) -> tuple[int, ...]:
        """The dimensions that a step averages over."""
        dimensions = "bgws" if self.grouped else "bgs"  # ungrouped, g and w are one
        return tuple(i for i, axis in enumerate(dimensions) if axis in step.reduced)

    def running(
        self, step: Statistics, computed: list[str], estimates: dict[str, str]
    ) -> list[str]:
        """Lines that use this batch in training and the running estimates in evaluation.

        Synchronised lines are of training alone.
        """
        argument = self.values.name(step.argument)
        suffix = "" if argument == "x" else f"_of_{argument}"
        axes = self.plan.axes[step.argument] - step.reduced
        size = "num_features" if WITHIN_GROUP in axes else "self.groups" if axes else "1"
        shape = "1, -1, 1"
        if self.grouped:
            shape = "1, groups, -1, 1" if WITHIN_GROUP in axes else "1, -1, 1, 1"
        names = {kind: f"running_{_ESTIMATES[kind]}{suffix}" for kind in estimates}
        self.buffers += (Buffer(name, int(kind != "mean"), size) for kind, name in names.items())
        self.estimates += estimates.values()
        if self.synced:
            return computed
        evaluation = (
            f"{estimates[kind]} = {name}.to(x.dtype).view({shape})" for kind, name in names.items()
        )
        return [
            f"if {' or '.join(f'{name} is None' for name in names.values())}:",
            *(f"    {line}" for line in computed),
            "else:",
            *(f"    {line}" for line in evaluation),
        ]


def first_lines(parameters: Iterable[str], grouped: bool) -> list[str]:
    """Lines that turn `x` and parameters into tensors that broadcast against each other."""
    lines = ["x = x.to(torch.promote_types(x.dtype, torch.float32))"]
    if grouped:
        lines.append("x = torch.unflatten(x, 1, (groups, -1))  # (B, G, C / G, S)")
    return lines + [_parameter_line(name, grouped) for name in parameters]


def _parameter_line(name: str, grouped: bool) -> str:
    if name in ("alpha", "shift"):
        return f"{name} = {name}.to(x.dtype)"
    shape = "1, groups, -1, 1" if grouped else "1, -1, 1"
    return f"{name} = {name}.to(x.dtype).view({shape})"
