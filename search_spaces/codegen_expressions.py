"""Values of a plan as Python expressions: inline while short and read once, else a named line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from search_spaces.codegen_plan import SMOOTH_ABS, Operation, Plan, Statistics
from search_spaces.primitives import ELEMENTWISE, OWN

# The longest expression that is still put inline or on one line, in characters.
MAX_INLINE = 60

# How tightly an expression binds; log and sqrt are written as products.
SUM, PRODUCT, UNARY, ATOM = range(4)
_BINDS = {
    "add": SUM,
    "sub": SUM,
    "mul": PRODUCT,
    "div": PRODUCT,
    "log": PRODUCT,
    "sqrt": PRODUCT,
    "neg": UNARY,
}
_INFIX = ("add", "sub", "mul", "div")

# What the value of a primitive is called.
NOUNS = {
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


@dataclass(frozen=True, slots=True)
class Expression:
    """Source text, how tightly it binds, and y if the text is -y."""

    text: str
    binds: int = ATOM
    negated: str | None = None


class Expressions:
    """The lines written so far, and the expression of every value computed so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines: list[str] = []
        self.names: dict[int, str] = {}
        self.inline: dict[int, Expression] = {}  # values that have no line yet
        self._operations = {s.target: s for s in plan.steps if isinstance(s, Operation)}
        # Functions that are called by name are not shadowed.
        self._taken = Counter({s.op for s in self._operations.values() if s.op in OWN})
        self._moments = {
            target: (kind, step)
            for step in plan.steps
            if isinstance(step, Statistics)
            for kind, target in step.targets.items()
        }

    def add(self, step: Operation) -> None:
        """Take up an operation; inputs get lines of their own until the expression is short."""
        expression = self._compose(step)
        if len(expression.text) > MAX_INLINE:
            by_length = sorted(set(step.inputs), key=lambda i: (-len(self.expression(i).text), i))
            for i in by_length:
                self.atom(i)
                expression = self._compose(step)
                if len(expression.text) <= MAX_INLINE:
                    break
        for i in step.inputs:
            self.inline.pop(i, None)
        self.inline[step.target] = expression
        returned = step.target == self.plan.output
        long = len(expression.text) > MAX_INLINE and not returned
        if long or self.plan.uses[step.target] > 1:
            self.atom(step.target)

    def expression(self, position: int) -> Expression:
        """The expression that stands for a value."""
        if position in self.inline:
            return self.inline[position]
        if position in self.plan.scalars:
            text = self.plan.scalars[position]
            return Expression(text, UNARY, text[1:]) if text[0] == "-" else Expression(text)
        return Expression(self.names[position])

    def text(self, position: int, binds: int = SUM) -> str:
        """The same as text, in parentheses if it binds less tightly than `binds`."""
        expression = self.expression(position)
        return expression.text if expression.binds >= binds else f"({expression.text})"

    def tensor(self, position: int) -> str:
        """The same for a function that takes no Python number."""
        if position in self.plan.scalars:
            return f"x.new_full((1,), {self.plan.scalars[position]})"
        return self.text(position)

    def atom(self, position: int) -> str:
        """A name or number for a value; its line is written if it had none."""
        if position in self.inline:
            expression = self.inline.pop(position)
            self.lines.append(f"{self.name(position)} = {expression.text}")
        return self.expression(position).text

    def name(self, position: int) -> str:
        """The name of a value, made if it had none."""
        if position not in self.names:
            self.names[position] = self.fresh(self._noun(position))
        return self.names[position]

    def fresh(self, noun: str) -> str:
        """A noun, numbered if it is taken."""
        self._taken[noun] += 1
        return noun if self._taken[noun] == 1 else f"{noun}_{self._taken[noun]}"

    def _noun(self, position: int) -> str:
        step = self._operations[position]
        if step.op == "add":
            for y, other in (step.inputs, step.inputs[::-1]):
                minus = self._operations.get(other)
                if minus and minus.op == "neg" and self._is_moment(minus.inputs[0], ("mean",), y):
                    return "centered"
        if step.op == "div" and self._is_moment(step.inputs[1], ("rms", "std")):
            return "normalized"
        return NOUNS.get(step.op, "transformed")

    def _is_moment(self, at: int, kinds: tuple[str, ...], argument: int | None = None) -> bool:
        if at not in self._moments:
            return False
        kind, step = self._moments[at]
        return kind in kinds and argument in (None, step.argument)

    def _compose(self, step: Operation) -> Expression:
        op, inputs = step.op, step.inputs
        if op in _INFIX:
            return self._compose_infix(op, *inputs)
        if op == "neg":
            inner, subtracted = self.text(inputs[0], UNARY), self.text(inputs[0], PRODUCT)
            return Expression(f"-{inner}", UNARY, subtracted)
        if op == SMOOTH_ABS:
            return Expression(f"torch.sqrt(torch.square({self.tensor(inputs[0])}) + eps)")
        template = ELEMENTWISE[op].torch
        if template.count("{0}") > 1 and inputs[0] not in self.plan.scalars:
            self.atom(inputs[0])
        operands = (self.tensor(i) for i in inputs)
        return Expression(template.format(*operands, eps="eps"), _BINDS.get(op, ATOM))

    def _compose_infix(self, op: str, left: int, right: int) -> Expression:
        binds = _BINDS[op]
        only_numbers = left in self.plan.scalars and right in self.plan.scalars
        first = self.tensor(left) if only_numbers else self.text(left, binds)
        if op == "add":
            minus = self.expression(right).negated
            if minus is not None:
                return Expression(f"{first} - {minus}", binds)
            minus = self.expression(left).negated
            if minus is not None and not only_numbers:
                return Expression(f"{self.text(right, binds)} - {minus}", binds)
        return Expression(ELEMENTWISE[op].torch.format(first, self.text(right, binds + 1)), binds)
