"""Expressions simplified while they are built, each distinct one stored once, under a number."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

from search_spaces.graph import NAMED_INITIAL, Graph, Node, is_constant
from search_spaces.index_sets import INDEX_SETS, NO_AXES, Axes, smallest_index_set
from search_spaces.laws import LAWS
from search_spaces.own_primitive import OwnPrimitive
from search_spaces.patterns import Law, Pattern, Variable, read_law
from search_spaces.primitives import COMMUTATIVE, MOMENTS, OWN, moment_name
from search_spaces.signs import Sign, proved_sign
from search_spaces.varies import combined_axes, initial_axes


class Expressions:
    """The store. A number is a position in every list; inputs have smaller numbers."""

    def __init__(self) -> None:
        self.op: list[str] = []
        self.inputs: list[tuple[int, ...]] = []
        self.axes: list[Axes] = []
        self._signs: list[Sign] = []
        self._heights: list[int] = []
        self._keys: list[bytes] = []
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}

    def read(self, graph: Graph) -> int:
        """Number of the simplified output of a graph."""
        numbers: dict[int, int] = {}
        base = len(graph.initial)
        for position in graph.active():
            if position < base:
                numbers[position] = self._intern(plain_constant(graph.initial[position]), ())
            else:
                node = graph.nodes[position - base]
                numbers[position] = self.make(node.op, tuple([numbers[i] for i in node.inputs]))
        return numbers[graph.output]

    def make(self, op: str, inputs: tuple[int, ...]) -> int:
        """Number of `op(inputs)` after all laws; each makes the expression simpler, so it ends."""
        known = self._numbers.get((op, inputs))
        if known is not None:
            return known
        kind = op
        if op in MOMENTS:
            kind, index_set = MOMENTS[op]
            op, argument = self._simplest_moment(kind, index_set, inputs[0])
            if not op:
                return argument
            kind, inputs = MOMENTS[op][0], (argument,)
        elif op in COMMUTATIVE and self._rank(op, inputs[1]) < self._rank(op, inputs[0]):
            inputs = inputs[::-1]
        ops = {self.op[i] if self.op[i] not in MOMENTS else "" for i in inputs}
        for law in _laws_of_own(OWN[op]) if op in OWN else _LAWS_OF.get(kind, ()):
            if law.needs <= ops:
                found = self._matched(law, inputs, op in COMMUTATIVE)
                if found is not None:
                    return self._build(law.right, found, op)
        return self._intern(op, inputs)

    def sign(self, number: int) -> Sign:
        """What is proved about the sign of an expression."""
        return self._signs[number]

    def key(self, number: int) -> bytes:
        """Structural hash of an expression, 16 bytes."""
        return self._keys[number]

    def below(self, output: int) -> list[int]:
        """The expressions that one is made of, itself among them, inputs first."""
        wanted = {output}
        for number in range(output, -1, -1):
            if number in wanted:
                wanted.update(self.inputs[number])
        return sorted(wanted)

    def graph(self, output: int) -> Graph:
        """The expression as a graph, inputs first, left before right."""
        order: list[int] = []
        seen: set[int] = set()
        stack = [(output, False)]
        while stack:
            number, inputs_done = stack.pop()
            if inputs_done:
                order.append(number)
            elif number not in seen:
                seen.add(number)
                stack.append((number, True))
                stack.extend([(i, False) for i in reversed(self.inputs[number])])
        initial = [number for number in order if not self.inputs[number]]
        initial.sort(
            key=lambda n: (_INITIAL_ORDER.get(self.op[n], len(_INITIAL_ORDER)), self.op[n])
        )
        computed = [number for number in order if self.inputs[number]]
        position = {number: i for i, number in enumerate((*initial, *computed))}
        nodes = [Node(self.op[n], tuple([position[i] for i in self.inputs[n]])) for n in computed]
        return Graph(tuple([self.op[n] for n in initial]), tuple(nodes))

    def _simplest_moment(self, kind: str, index_set: str, argument: int) -> tuple[str, int]:
        """Moment and argument after the laws that look at axes; ("", a) if it is a itself."""
        while True:
            varies = self.axes[argument]
            reduced = INDEX_SETS[index_set] & varies
            if not reduced and kind == "mean":
                return "", argument
            if not reduced and (kind == "std" or self.op[argument] == "0"):  # sqrt(eps)
                kind, argument, varies = "std", self._intern("0", ()), NO_AXES
            simpler = None
            if kind == "std" and self.op[argument] == "add":
                simpler = self._without_constant_term(argument, reduced)
            elif kind == "mean" and self.op[argument] in _MEANS:
                simpler = self._one_mean(argument, reduced)
            if simpler is None:
                return moment_name(kind, smallest_index_set(reduced, varies)), argument
            index_set, argument = simpler[0] or index_set, simpler[1]

    def _without_constant_term(self, total: int, reduced: Axes) -> tuple[str, int] | None:
        """The other term of a sum if one does not vary along `reduced`."""
        left, right = self.inputs[total]
        if not self.axes[right] & reduced:
            return "", left
        return None if self.axes[left] & reduced else ("", right)

    def _one_mean(self, inner: int, reduced: Axes) -> tuple[str, int] | None:
        """Index set and argument of one mean for a mean over `reduced` of the mean `inner`."""
        (argument,) = self.inputs[inner]
        together = reduced | (self.axes[argument] - self.axes[inner])
        for name, axes in INDEX_SETS.items():
            if axes & self.axes[argument] == together:
                return name, argument
        return None

    def _rank(self, op: str, number: int) -> tuple[Any, ...]:
        """Order of inputs of a commutative primitive, as people write `v1 * x`, `x - y + v0`."""
        name, height = self.op[number], self._heights[number]
        constant = height == 0 and is_constant(name)
        parameter = height == 0 and name != "x"
        if op == "mul":
            return not constant, not parameter, height, self._keys[number]
        return constant, name == "neg", parameter and op == "add", height, self._keys[number]

    def _intern(self, op: str, inputs: tuple[int, ...]) -> int:
        known = self._numbers.get((op, inputs))
        if known is not None:
            return known
        number = len(self.op)
        self._numbers[(op, inputs)] = number
        hashed = (OWN[op].identity if op in OWN else op).encode()
        if inputs:
            self.axes.append(combined_axes(op, tuple([self.axes[i] for i in inputs])))
            zero_input = any([self.op[i] == "0" for i in inputs])
            self._signs.append(proved_sign(op, [self._signs[i] for i in inputs], zero_input))
            self._heights.append(1 + max([self._heights[i] for i in inputs]))
            hashed += b"".join([self._keys[i] for i in inputs])
        else:
            self.axes.append(initial_axes(op))
            self._signs.append(proved_sign(op, (), False))
            self._heights.append(0)
        self.op.append(op)
        self.inputs.append(inputs)
        self._keys.append(blake2b(hashed, digest_size=16).digest())
        return number

    def _matched(self, law: Law, inputs: tuple[int, ...], either: bool) -> dict[str, int] | None:
        """What the letters of a law's left side stand for, None if it does not match."""
        found: dict[str, int] = {}
        if self._match_all(law.left.inputs, inputs, found):
            return found
        if either:
            found.clear()
            if self._match_all(law.left.inputs, inputs[::-1], found):
                return found
        return None

    def _match_all(
        self, patterns: tuple[Pattern, ...], inputs: tuple[int, ...], found: dict[str, int]
    ) -> bool:
        for pattern, number in zip(patterns, inputs, strict=True):
            if isinstance(pattern, Variable):
                known = found.setdefault(pattern.letter, number)
                if known != number or self._signs[number] < pattern.sign:
                    return False
                continue
            if self.op[number] != pattern.op:
                return False
            if pattern.inputs and not self._match_all(pattern.inputs, self.inputs[number], found):
                return False
        return True

    def _build(self, pattern: Pattern, found: dict[str, int], op: str) -> int:
        """Number of a law's right side; a moment in it has the index set of `op`."""
        if isinstance(pattern, Variable):
            return found[pattern.letter]
        if not pattern.inputs:
            return self._intern(pattern.op, ())
        head = op if op in MOMENTS and pattern.op == MOMENTS[op][0] else pattern.op
        return self.make(head, tuple([self._build(part, found, op) for part in pattern.inputs]))


def plain_constant(name: str) -> str:
    """A constant without superfluous zeros: `0.50` is `0.5`; other names as they are."""
    return name.rstrip("0").rstrip(".") if "." in name else name


@lru_cache(maxsize=64)
def _laws_of_own(own: OwnPrimitive) -> tuple[Law, ...]:
    return tuple(read_law(left, right) for left, right in own.laws)


def _laws_by_head() -> dict[str, list[Law]]:
    laws: dict[str, list[Law]] = {}
    for left, right in LAWS:
        law = read_law(left, right)
        laws.setdefault(law.left.op, []).append(law)
    return laws


_LAWS_OF = _laws_by_head()
_MEANS = frozenset(name for name, (kind, _) in MOMENTS.items() if kind == "mean")
_INITIAL_ORDER = {name: i for i, name in enumerate(NAMED_INITIAL)}
