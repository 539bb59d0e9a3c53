"""The lines of generated code that compute a plan: one named line a value, short values inline."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from search_spaces.codegen_plan import SMOOTH_ABS, Operation, Plan, Statistics
from search_spaces.index_sets import ALL_AXES, WITHIN_GROUP
from search_spaces.primitives import ELEMENTWISE

# The longest expression that is still put inline or on one line, in characters.
MAX_INLINE = 60
# The longest line, in characters, before the eight of its method's indentation.
MAX_LINE = 92

# How tightly an expression binds.
_SUM, _PRODUCT, _UNARY, _ATOM = range(4)
_PRECEDENCE = {"add": _SUM, "sub": _SUM, "mul": _PRODUCT, "div": _PRODUCT, "neg": _UNARY}
# Not an infix operator, but written as a product.
_PRECEDENCE |= {"log": _PRODUCT, "sqrt": _PRODUCT}

# What the value of a primitive is called.
_NOUNS = {
    "add": "total",
    "mul": "product",
    "div": "ratio",
    "max": "larger",
    "neg": "negative",
    "sigmoid": "gate",
    "tanh": "squashed",
    "exp": "exponential",
    "log": "logarithm",
    "abs": "magnitude",
    "square": "squared",
    "sqrt": "root",
    "sub": "difference",
    "min": "smaller",
    "erf": "erf",
    "softplus": "softened",
    "relu": "rectified",
    "rsqrt": "inverse_root",
    SMOOTH_ABS: "smooth_abs",
}

# What is averaged, and stored as a running estimate, for each kind of moment.
ESTIMATES = {"mean": "mean", "std": "var", "rms": "mean_square"}


@dataclass(frozen=True, slots=True)
class _Expression:
    text: str
    binds: int = _ATOM
    negated: str | None = None  # for -y: y, as the right side of a difference


@dataclass(frozen=True, slots=True)
class Buffer:
    """A running estimate: its name, what it starts at, and its size as source text."""

    name: str
    start: int
    size: str


@dataclass(frozen=True, slots=True)
class Body:
    """The lines that turn `x`, (B, C, S) or (B, G, C / G, S), into the layer's value, and their buffers."""

    lines: tuple[str, ...]
    buffers: tuple[Buffer, ...]


def write_body(plan: Plan) -> Body:
    """The lines of a plan."""
    return _Writer(plan).write()


class _Writer:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.grouped = plan.grouped
        self.lines: list[str] = []
        self.buffers: list[Buffer] = []
        self.names: dict[int, str] = {}
        self.taken: Counter[str] = Counter()
        self.inline: dict[int, _Expression] = {}
        self.operations = {s.target: s for s in plan.steps if isinstance(s, Operation)}
        self.moments = {
            at: (kind, step)
            for step in plan.steps
            if isinstance(step, Statistics)
            for kind, at in step.targets.items()
        }

    def write(self) -> Body:
        if self.grouped:
            self.lines.append("x = x.unflatten(1, (self.groups, -1))  # (B, G, C / G, S)")
        self.write_initial()
        for step in self.plan.steps:
            if isinstance(step, Operation):
                self.write_operation(step)
            else:
                self.write_statistics(step)
        self.write_return()
        return Body(tuple(wrapped for line in self.lines for wrapped in _wrap(line)), tuple(self.buffers))

    def write_initial(self) -> None:
        shape = "1, self.groups, -1, 1" if self.grouped else "1, -1, 1"
        for position, name in enumerate(self.plan.initial):
            if position in self.plan.scalars or position not in self.plan.uses:
                continue
            self.names[position] = name
            self.taken[name] += 1
            if name == "alpha":
                self.lines.append("alpha = self.alpha.to(x.dtype)")
            elif name != "x":
                self.lines.append(f"{name} = self.{name}.to(x.dtype).view({shape})")

    def write_return(self) -> None:
        output = self.plan.output
        if output in self.plan.scalars:
            value = f"torch.full_like(x, {self.plan.scalars[output]})"
        elif self.plan.axes[output] != ALL_AXES:
            value = f"torch.zeros_like(x) + {self.text(output, _PRODUCT)}"
            value = f"({value})" if self.grouped else value
        elif self.grouped:
            value = self.atom(output)
        else:
            value = self.text(output, _SUM)
        self.lines.append(f"return {value}.flatten(1, 2)" if self.grouped else f"return {value}")

    # Expressions.

    def expression(self, position: int) -> _Expression:
        if position in self.inline:
            return self.inline[position]
        if position in self.plan.scalars:
            text = self.plan.scalars[position]
            return _Expression(text, _UNARY, text[1:]) if text[0] == "-" else _Expression(text)
        return _Expression(self.names[position])

    def text(self, position: int, binds: int) -> str:
        """The expression of a position, in parentheses if it binds less tightly than `binds`."""
        expression = self.expression(position)
        return expression.text if expression.binds >= binds else f"({expression.text})"

    def tensor(self, position: int) -> str:
        """The same for a function that takes no Python number."""
        if position in self.plan.scalars:
            return f"x.new_full((1,), {self.plan.scalars[position]})"
        return self.text(position, _SUM)

    def atom(self, position: int) -> str:
        """A name for a position, with its line written if it had none."""
        if position in self.inline:
            expression = self.inline.pop(position)
            self.lines.append(f"{self.name(position)} = {expression.text}")
        return self.expression(position).text

    def name(self, position: int) -> str:
        if position not in self.names:
            noun = self.noun(position)
            self.taken[noun] += 1
            count = self.taken[noun]
            self.names[position] = noun if count == 1 else f"{noun}_{count}"
        return self.names[position]

    def noun(self, position: int) -> str:
        operation = self.operations[position]
        if operation.op == "add":
            for y, other in (operation.inputs, operation.inputs[::-1]):
                minus = self.operations.get(other)
                if minus and minus.op == "neg" and self.is_moment(minus.inputs[0], ("mean",), y):
                    return "centered"
        if operation.op == "div" and self.is_moment(operation.inputs[1], ("rms", "std")):
            return "normalized"
        return _NOUNS[operation.op]

    def is_moment(self, position: int, kinds: tuple[str, ...], argument: int | None = None) -> bool:
        if position not in self.moments:
            return False
        kind, step = self.moments[position]
        return kind in kinds and (argument is None or step.argument == argument)

    def write_operation(self, step: Operation) -> None:
        inputs = list(dict.fromkeys(step.inputs))
        inputs.sort(key=lambda i: len(self.expression(i).text), reverse=True)
        expression = self.compose(step)
        for i in inputs:
            if len(expression.text) <= MAX_INLINE:
                break
            self.atom(i)
            expression = self.compose(step)
        for i in inputs:
            self.inline.pop(i, None)
        self.inline[step.target] = expression
        if self.plan.uses[step.target] > 1:
            self.atom(step.target)

    def compose(self, step: Operation) -> _Expression:
        op, inputs = step.op, step.inputs
        if op == SMOOTH_ABS:
            return _Expression(f"torch.sqrt(torch.square({self.tensor(inputs[0])}) + self.eps)")
        template = ELEMENTWISE[op].torch
        binds = _PRECEDENCE.get(op, _ATOM)
        if op in ("add", "sub", "mul", "div"):
            return self.compose_infix(op, inputs, binds)
        if op == "neg":
            inner = self.text(inputs[0], _UNARY)
            return _Expression(f"-{inner}", binds, self.text(inputs[0], _PRODUCT))
        if template.count("{0}") > 1:
            return _Expression(template.format(self.named_tensor(inputs[0]), eps="self.eps"), binds)
        return _Expression(template.format(*map(self.tensor, inputs), eps="self.eps"), binds)

    def compose_infix(self, op: str, inputs: tuple[int, ...], binds: int) -> _Expression:
        left, right = inputs
        if left in self.plan.scalars and right in self.plan.scalars:
            first = self.tensor(left)
        else:
            first = self.text(left, binds)
        template = ELEMENTWISE[op].torch
        if op == "add":
            minus = self.expression(right).negated
            if minus is not None:
                return _Expression(f"{first} - {minus}", binds)
            minus = self.expression(left).negated
            if minus is not None:
                return _Expression(f"{self.text(right, binds)} - {minus}", binds)
        return _Expression(template.format(first, self.text(right, binds + 1)), binds)

    def named_tensor(self, position: int) -> str:
        return self.tensor(position) if position in self.plan.scalars else self.atom(position)

    # Moments.

    def write_statistics(self, step: Statistics) -> None:
        kinds = step.targets
        within: list[str] = []  # the argument's own line, where only this step reads it
        if step.over_batch and step.argument in self.inline:
            expression = self.inline.pop(step.argument)
            within = [f"{self.name(step.argument)} = {expression.text}"]
        several_sweeps = len(kinds) > 1 and "rms" in kinds
        argument = self.atom(step.argument) if several_sweeps else self.text(step.argument, _SUM)
        estimates = {kind: self.fresh(f"{ESTIMATES[kind]}_{step.index_set}") for kind in kinds}
        computed = self.averages(step, argument, estimates)
        if step.over_batch:
            self.write_running(step, within + computed, estimates)
        else:
            self.lines.extend(computed)
        self.inline.pop(step.argument, None)
        for kind, target in kinds.items():
            if kind == "mean":
                self.names[target] = estimates[kind]
            else:
                self.names[target] = self.fresh(f"{kind}_{step.index_set}")
                self.lines.append(f"{self.names[target]} = torch.sqrt({estimates[kind]} + self.eps)")

    def fresh(self, noun: str) -> str:
        self.taken[noun] += 1
        return noun if self.taken[noun] == 1 else f"{noun}_{self.taken[noun]}"

    def averages(self, step: Statistics, argument: str, estimates: dict[str, str]) -> list[str]:
        dimensions = "bgws" if self.grouped else "bgs"
        over = [i for i, axis in enumerate(dimensions) if axis in step.reduced]
        dim = f"dim={tuple(over) if len(over) > 1 else over[0]}"
        lines = []
        if "mean" in estimates and "std" in estimates:
            both = f"{estimates['std']}, {estimates['mean']}"
            lines.append(f"{both} = torch.var_mean({argument}, {dim}, correction=0, keepdim=True)")
        elif "mean" in estimates:
            lines.append(f"{estimates['mean']} = torch.mean({argument}, {dim}, keepdim=True)")
        elif "std" in estimates:
            lines.append(f"{estimates['std']} = torch.var({argument}, {dim}, correction=0, keepdim=True)")
        if "rms" in estimates:
            square = f"torch.square({argument})"
            lines.append(f"{estimates['rms']} = torch.mean({square}, {dim}, keepdim=True)")
        return lines

    def write_running(self, step: Statistics, computed: list[str], estimates: dict[str, str]) -> None:
        of_x = self.names.get(step.argument) == "x"
        suffix = "" if of_x else f"_of_{self.name(step.argument)}"
        axes = self.plan.axes[step.argument] - step.reduced
        size = "num_features" if WITHIN_GROUP in axes else "self.groups" if axes else "1"
        shape = "1, -1, 1"
        if self.grouped:
            shape = "1, self.groups, -1, 1" if WITHIN_GROUP in axes else "1, -1, 1, 1"
        self.lines.append("if self.training:")
        self.lines.extend(f"    {line}" for line in computed)
        names = {kind: f"running_{ESTIMATES[kind]}{suffix}" for kind in estimates}
        for kind, name in names.items():
            self.lines.append(f"    self._update(self.{name}, {estimates[kind]})")
            self.buffers.append(Buffer(name, 0 if kind == "mean" else 1, size))
        self.lines.append("else:")
        for kind, name in names.items():
            self.lines.append(f"    {estimates[kind]} = self.{name}.to(x.dtype).view({shape})")


def _wrap(line: str) -> tuple[str, ...]:
    """A line, or the three of its last call with the arguments on a line of their own."""
    if len(line) <= MAX_LINE or not line.endswith(")"):
        return (line,)
    depth, at = 1, len(line) - 1
    while depth:
        at -= 1
        depth += {")": 1, "(": -1}.get(line[at], 0)
    indent = " " * (len(line) - len(line.lstrip()))
    return line[: at + 1], f"{indent}    {line[at + 1 : -1]}", f"{indent})"
