"""Expressions of a layer and of its gradient, kept as sums of scaled full tensors.

A value is full if it varies along all axes, and small otherwise. Passing over a full tensor is what
costs time, so factors and terms that are small stay apart from it as long as they can: a linear
form is `sum of coefficient * full tensor, + constant`, with small coefficients and constant.
"""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.adjoints import FUSED_BACKWARD
from search_spaces.expressions import Expressions
from search_spaces.graph import is_constant
from search_spaces.index_sets import ALL_AXES, CHANNELS, NO_AXES, SPACE, Axes
from search_spaces.patterns import Application, Pattern, Variable

_NUMBERS = ("eps", "root_of_eps")
_STATISTICS = ("moment", "square", "variance")
_LEAVES: dict[str, Axes] = {"grad": ALL_AXES, "weight": CHANNELS, "bias": CHANNELS}


@dataclass(frozen=True, slots=True)
class LinearForm:
    """`terms` are pairs (full tensor, coefficient); numbers refer to the derivation."""

    terms: tuple[tuple[int, int], ...]
    constant: int


class Derivation(Expressions):
    """The store of expressions, with the operations that gradients need.

    `sum:bs` and `mean:bs` reduce over axes b and s, `moment:bs`, `square:bs` and `variance:bs` are
    statistics of a full tensor (mean, mean square, biased variance), `count:bs` is the number of
    elements along axes, and `linear` is a linear form as one full tensor.
    """

    def __init__(self, by_sample: bool = False) -> None:
        """`by_sample`: sums go over space first, so that all of them run over the same axes."""
        super().__init__()
        self._by_sample = by_sample
        self.zero = self._intern("0", ())
        self.one = self._intern("1", ())

    def _intern(self, op: str, inputs: tuple[int, ...]) -> int:
        known = self._numbers.get((op, inputs))
        if known is not None:
            return known
        number = super()._intern(op, inputs)
        head, colon, axes = op.partition(":")
        if colon:
            self.axes[number] = self.axes[inputs[0]] - frozenset(axes) if inputs else NO_AXES
        elif head in _LEAVES:
            self.axes[number] = _LEAVES[head]
        return number

    def make(self, op: str, inputs: tuple[int, ...]) -> int:
        """As in the base class; numbers are calculated."""
        if op in ("mul", "div", "add") and all(is_constant(self.op[i]) for i in inputs):
            first, second = (float(self.op[i]) for i in inputs)
            if op != "div" or second:
                value = {"mul": first * second, "add": first + second}.get(op)
                text = _decimal(first / second if value is None else value)
                if text is not None:
                    return self._intern(text, ())
        if op == "mul" and self._number_in(inputs[1]) is not None:
            inputs = inputs[::-1]
        number = self._number_in(inputs[0]) if op in ("mul", "div") else None
        if number is not None:  # numbers move to the front, where they meet
            left, right = self.inputs[inputs[0]][1], inputs[1]
            if op == "mul" and is_constant(self.op[right]):
                both = self.make("mul", (number, right))
                if self.inputs[both]:  # no decimal: the two stay apart
                    return super().make("mul", inputs)
                return self.make("mul", (both, left))
            return self.make("mul", (number, self.make(op, (left, right))))
        return super().make(op, inputs)

    def leaf(self, name: str) -> int:
        """An input: x, grad, a parameter, a number."""
        return self._intern(name, ())

    def is_full(self, number: int) -> bool:
        """Whether a value varies along all axes."""
        return self.axes[number] == ALL_AXES

    def is_statistic(self, number: int) -> bool:
        """Whether a value is a statistic of a full tensor."""
        head, colon, _ = self.op[number].partition(":")
        return bool(colon) and head in _STATISTICS and self.is_full(self.inputs[number][0])

    def is_number(self, number: int) -> bool:
        """Whether a value is known without a tensor, as a Python number."""
        op, inputs = self.op[number], self.inputs[number]
        if not inputs:  # a calculated number may have more digits than a constant of a graph
            return op[0].isdigit() or op in _NUMBERS or op.startswith("count:")
        if op == "div" and self.op[inputs[1]] == "0":
            return False  # torch divides by zero, Python does not
        return op in ("add", "mul", "div", "neg") and all(self.is_number(i) for i in inputs)

    def form(self, number: int) -> LinearForm:
        """A value as a linear form."""
        if self.is_full(number):
            return LinearForm(((number, self.one),), self.zero)
        return LinearForm((), number)

    def full(self, form: LinearForm) -> int:
        """A linear form as one tensor; small if it has no term."""
        if not form.terms:
            return form.constant
        if form.constant == self.zero and len(form.terms) == 1 and form.terms[0][1] == self.one:
            return form.terms[0][0]
        parts = tuple(number for term in form.terms for number in term)
        return self._intern("linear", (*parts, form.constant))

    def add(self, left: LinearForm, right: LinearForm) -> LinearForm:
        """The sum of two linear forms."""
        terms = dict(left.terms)
        for number, coefficient in right.terms:
            known = terms.get(number)
            total = coefficient if known is None else self.make("add", (known, coefficient))
            if self.is_full(total):  # coefficients along different axes
                return self.add(self.form(self.full(left)), self.form(self.full(right)))
            terms[number] = total
        constant = self.make("add", (left.constant, right.constant))
        if self.is_full(constant):
            terms[constant] = self.one
            constant = self.zero
        kept = tuple((n, c) for n, c in terms.items() if c != self.zero)
        return LinearForm(kept, constant)

    def negative(self, form: LinearForm) -> LinearForm:
        """The negative of a linear form."""
        terms = tuple((n, self.make("neg", (c,))) for n, c in form.terms)
        return LinearForm(terms, self.make("neg", (form.constant,)))

    def scaled(self, form: LinearForm, factor: int, op: str = "mul") -> LinearForm:
        """A linear form times a factor that is small as a rule, or divided by it."""
        if self.is_full(factor):
            whole = self.form(factor)
            return self.product(form, whole) if op == "mul" else self.quotient(form, whole)
        if factor == self.zero and op == "mul":
            return LinearForm((), self.zero)
        terms = tuple((n, self.make(op, (c, factor))) for n, c in form.terms)
        constant = form.constant
        if constant != self.zero:
            constant = self.make(op, (constant, factor))
        if not any(self.is_full(n) for n in (*(c for _, c in terms), constant)):
            return LinearForm(terms, constant)
        if not form.terms:
            return self.form(constant)
        return self.scaled(self.form(self.full(form)), factor, op)

    def product(self, left: LinearForm, right: LinearForm) -> LinearForm:
        """The product of two linear forms."""
        if not right.terms:
            return self.scaled(left, right.constant)
        if not left.terms:
            return self.scaled(right, left.constant)
        (a, first), (b, second) = self._factored(left), self._factored(right)
        return self._scaled_value(self.make("mul", (a, b)), first, second, "mul")

    def quotient(self, left: LinearForm, right: LinearForm) -> LinearForm:
        """The quotient of two linear forms."""
        if not right.terms:
            return self.scaled(left, right.constant, "div")
        if not left.terms:
            b, second = self._factored(right)
            inverse = self.form(self.make("div", (self.one, b)))
            return self.scaled(inverse, self.make("div", (left.constant, second)))
        (a, first), (b, second) = self._factored(left), self._factored(right)
        return self._scaled_value(self.make("div", (a, b)), first, second, "div")

    def call(self, op: str, arguments: tuple[LinearForm, ...]) -> LinearForm:
        """An operation on linear forms."""
        if op == "neg":
            return self.negative(arguments[0])
        if op == "add":
            return self.add(*arguments)
        if op == "mul":
            return self.product(*arguments)
        if op == "div":
            return self.quotient(*arguments)
        if op == "relu" and arguments[0].terms:  # not as max, whose ties split
            return self.form(self._intern(op, (self.full(arguments[0]),)))
        if op == "square" and arguments[0].terms:
            return self.product(arguments[0], arguments[0])
        if op in FUSED_BACKWARD and arguments[0].terms:
            a, factor = self._factored(arguments[0])
            value = self._intern(op, (a, self.full(arguments[1])))
            return self.scaled(self.form(value), factor)
        return self.form(self.make(op, tuple(self.full(form) for form in arguments)))

    def evaluate(self, pattern: Pattern, letters: dict[str, LinearForm]) -> LinearForm:
        """A rule with its letters replaced."""
        if isinstance(pattern, Variable):
            return letters[pattern.letter]
        assert isinstance(pattern, Application)
        if not pattern.inputs:
            return self.form(self.leaf(pattern.op))
        arguments = tuple(self.evaluate(part, letters) for part in pattern.inputs)
        return self.call(pattern.op, arguments)

    def reduced(self, form: LinearForm, varies: Axes, kept: Axes) -> int:
        """The sum of a value that varies along `varies` over all axes that are not in `kept`."""
        total = self._small_sum(form.constant, varies, kept)
        over = varies - kept
        for number, coefficient in form.terms:
            clear = over - self.axes[coefficient]  # a sum over these leaves the coefficient out
            if not clear or (SPACE in over and SPACE not in clear):
                product = LinearForm(((number, coefficient),), self.zero)
                number, coefficient, clear = self.full(product), self.one, over
            if self._by_sample and SPACE in clear:
                clear = frozenset((SPACE,))
            inner = self._intern(f"sum:{''.join(sorted(clear))}", (number,))
            scaled = self.make("mul", (inner, coefficient))
            rest = self._small_sum(scaled, varies - clear, kept)
            total = self.make("add", (total, rest))
        return total

    def _small_sum(self, number: int, varies: Axes, kept: Axes) -> int:
        """The same for a small value; axes that it is only broadcast along multiply it."""
        if number == self.zero:
            return number
        over = varies - kept
        summed = over & self.axes[number]
        repeated = over - summed
        if summed:
            number = self._intern(f"sum:{''.join(sorted(summed))}", (number,))
        if repeated:
            count = self._intern(f"count:{''.join(sorted(repeated))}", ())
            number = self.make("mul", (number, count))
        return number

    def _number_in(self, product: int) -> int | None:
        """The number that a product begins with."""
        if self.op[product] != "mul" or not is_constant(self.op[self.inputs[product][0]]):
            return None
        return self.inputs[product][0]

    def _factored(self, form: LinearForm) -> tuple[int, int]:
        """A full tensor and a coefficient whose product is the form."""
        if len(form.terms) == 1 and form.constant == self.zero:
            return form.terms[0]
        return self.full(form), self.one

    def _scaled_value(self, value: int, first: int, second: int, op: str) -> LinearForm:
        factor = self.make(op, (first, second))
        if self.is_full(factor):
            return self.scaled(self.scaled(self.form(value), first), second, op)
        return self.scaled(self.form(value), factor)


def _decimal(value: float) -> str | None:
    text = repr(value)
    if "e" in text or value < 0:
        return None
    return text.removesuffix(".0")
