"""How values respond when x is scaled or shifted: homogeneity and invariance, proved on the graph.

Scaling by e^t and shifting by t are both a family of changes of x with a parameter t. A value y is
additive if it becomes y + r t, multiplicative if it becomes y e^(r t); the rate r is a value that
the change leaves alone. x is multiplicative with rate 1 under scaling, additive with rate 1 under
shifting; other initial values have rate 0, and one table of rules serves both. The epsilon under
roots is neglected; statistics of the batch are those of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from search_spaces.expressions import Expressions
from search_spaces.index_sets import INDEX_SETS, Axes
from search_spaces.primitives import MOMENTS, OWN, claims
from search_spaces.signs import Sign

# A sum of values times numbers: number of the expression -> factor, never 0. Empty: no response.
Rate = dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Response:
    """The rate of a value, as an additive and as a multiplicative one; None where not proved."""

    additive: Rate | None = None
    multiplicative: Rate | None = None
    zero: bool = False  # the constant 0, multiplicative with every rate

    @property
    def none(self) -> bool:
        """Whether the change is proved to leave the value alone."""
        return self.additive == {} or self.multiplicative == {}


INVARIANT = Response({}, {})
_MAX_TERMS = 16
_WITH_EPSILON = frozenset(("sqrt", "rsqrt", "log"))


class Responses:
    """The responses of expressions to one family of changes, under which x is of one kind."""

    def __init__(self, expressions: Expressions, *, x_is_multiplicative: bool) -> None:
        self._expressions = expressions
        self._one = expressions.make("1", ())
        rate = {self._one: Fraction(1)}
        self._of_x = Response(multiplicative=rate) if x_is_multiplicative else Response(rate)
        self._known: dict[int, Response] = {}
        self._at_epsilon: set[int] = set()  # made of sqrt(eps): an epsilon is not small beside them

    def of(self, output: int) -> Response:
        """The response of an expression."""
        for number in self._expressions.below(output):
            if number not in self._known:
                self._known[number] = _bounded(self._find(number))
        return self._known[output]

    def degree(self, output: int) -> float | None:
        """The multiplicative rate of an expression if it is a plain number."""
        found = self.of(output)
        if found.none:
            return 0.0
        rate = found.multiplicative
        return float(rate[self._one]) if rate is not None and set(rate) == {self._one} else None

    def _find(self, number: int) -> Response:
        op, inputs = self._expressions.op[number], self._expressions.inputs[number]
        if not inputs:
            return self._of_x if op == "x" else Response({}, {}, zero=op == "0")
        found = [self._known[i] for i in inputs]
        if not self._at_epsilon.isdisjoint(inputs) or self._is_root_of_epsilon(number):
            self._at_epsilon.add(number)
        if all(response.none for response in found):
            return INVARIANT
        if number in self._at_epsilon and (op in MOMENTS or op in _WITH_EPSILON or op in OWN):
            return Response()
        if op in MOMENTS:
            return self._moment(op, inputs[0], found[0])
        return _RULES[op](self, inputs, found) if op in _RULES else _own(op, found)

    def _is_root_of_epsilon(self, number: int) -> bool:
        op, inputs = self._expressions.op, self._expressions.inputs
        return op[number] in MOMENTS and op[inputs[number][0]] == "0"

    def _moment(self, op: str, argument: int, found: Response) -> Response:
        kind, index_set = MOMENTS[op]
        reduced = INDEX_SETS[index_set] & self._expressions.axes[argument]
        if kind == "std" and self._is_even(found.additive, reduced):
            return INVARIANT
        additive = None
        if kind == "mean" and found.additive is not None:
            make = self._expressions.make
            additive = self.sum((make(op, (n,)), f) for n, f in found.additive.items())
        even = self._is_even(found.multiplicative, reduced)
        return Response(additive, found.multiplicative if even else None)

    def _is_even(self, rate: Rate | None, reduced: Axes) -> bool:
        """Whether a rate is known and the same all along these axes."""
        axes = self._expressions.axes
        return rate is not None and not any(axes[number] & reduced for number in rate)

    def is_positive(self, number: int) -> bool:
        """Whether an expression is proved to be above zero."""
        return self._expressions.sign(number) is Sign.POSITIVE

    def changed(self, rate: Rate, op: str, factor: int) -> Rate:
        """A rate times an expression (`mul`), or divided by it (`div`)."""
        make = self._expressions.make
        return self.sum((make(op, (n, factor)), f) for n, f in rate.items())

    def sum(self, terms: Iterable[tuple[int, Fraction]]) -> Rate:
        """Terms with equal expressions put together."""
        total: Rate = {}
        for number, factor in terms:
            if self._expressions.op[number] == "neg":
                number, factor = self._expressions.inputs[number][0], -factor
            if self._expressions.op[number] != "0":
                total[number] = total.get(number, Fraction(0)) + factor
        return {number: factor for number, factor in total.items() if factor}


def _bounded(found: Response) -> Response:
    """A response that stays small whatever the graph; a rate of too many terms is not proved."""
    additive, multiplicative = (
        None if rate is None or len(rate) > _MAX_TERMS else rate
        for rate in (found.additive, found.multiplicative)
    )
    return Response(additive, multiplicative, found.zero)


_Rule = Callable[[Responses, tuple[int, ...], list[Response]], Response]


def _scaled(rate: Rate | None, factor: Fraction | int) -> Rate | None:
    return None if rate is None else {number: f * factor for number, f in rate.items()}


def _both(responses: Responses, a: Rate | None, b: Rate | None, sign: int = 1) -> Rate | None:
    """The sum, or difference, of two rates."""
    if a is None or b is None:
        return None
    return responses.sum((*a.items(), *((number, sign * f) for number, f in b.items())))


def _same(a: Rate | None, b: Rate | None) -> Rate | None:
    return a if a == b else None


def _one_rate(a: Response, b: Response) -> Rate | None:
    """The multiplicative rate that both values have."""
    if a.zero or b.zero:
        return b.multiplicative if a.zero else a.multiplicative
    return _same(a.multiplicative, b.multiplicative)


def _add(responses: Responses, inputs: tuple[int, ...], found: list[Response]) -> Response:
    a, b = found
    return Response(_both(responses, a.additive, b.additive), _one_rate(a, b))


def _larger(responses: Responses, inputs: tuple[int, ...], found: list[Response]) -> Response:
    a, b = found
    return Response(_same(a.additive, b.additive), _one_rate(a, b))


def _mul(responses: Responses, inputs: tuple[int, ...], found: list[Response]) -> Response:
    a, b = found
    additive = None
    if b.none and a.additive is not None:
        additive = responses.changed(a.additive, "mul", inputs[1])
    elif a.none and b.additive is not None:
        additive = responses.changed(b.additive, "mul", inputs[0])
    return Response(additive, _both(responses, a.multiplicative, b.multiplicative))


def _div(responses: Responses, inputs: tuple[int, ...], found: list[Response]) -> Response:
    a, b = found
    additive = None
    if b.none and a.additive is not None:
        additive = responses.changed(a.additive, "div", inputs[1])
    return Response(additive, _both(responses, a.multiplicative, b.multiplicative, -1))


def _power(exponent: Fraction) -> _Rule:
    return lambda responses, inputs, found: Response(
        None, _scaled(found[0].multiplicative, exponent)
    )


def _own(op: str, found: list[Response]) -> Response:
    """What is stated of an own primitive: it scales with its inputs if they scale alike."""
    degree = claims(op).degree
    rates = [response.multiplicative for response in found if not response.zero]
    if degree is None or rates[0] is None or any(rate != rates[0] for rate in rates):
        return Response()
    factor = _exactly(degree)
    return Response(None, _scaled(rates[0], factor)) if factor else INVARIANT


def _exactly(degree: float) -> Fraction:
    """The short fraction that a number is written for, such as 1/3, or else the number itself."""
    short = Fraction(degree).limit_denominator(1000)
    return short if float(short) == degree else Fraction(degree)


# What a primitive makes of responses; one that is not here only keeps values that do not respond.
_RULES: dict[str, _Rule] = {
    "add": _add,
    "mul": _mul,
    "div": _div,
    "max": _larger,
    "min": _larger,
    "neg": lambda _, inputs, found: Response(
        _scaled(found[0].additive, -1), found[0].multiplicative
    ),
    "abs": _power(Fraction(1)),
    "square": _power(Fraction(2)),
    "sqrt": _power(Fraction(1, 2)),
    "rsqrt": _power(Fraction(-1, 2)),
    "exp": lambda _, inputs, found: Response(None, found[0].additive),
    # Of a negative value the logarithm moves the other way.
    "log": lambda responses, inputs, found: Response(
        found[0].multiplicative if responses.is_positive(inputs[0]) else None
    ),
}
