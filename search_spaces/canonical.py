"""Canonical form and digest: dead nodes gone, equal parts shared, commutative inputs ordered, laws applied."""

from __future__ import annotations

from hashlib import blake2b

from search_spaces.graph import NAMED_INITIAL, Graph, Node, is_constant
from search_spaces.index_sets import NO_AXES, Axes, reduced_axes, smallest_index_set
from search_spaces.laws import LAWS
from search_spaces.primitives import ELEMENTWISE, MOMENTS, moment_name
from search_spaces.signs import is_flat_nonnegative, is_positive
from search_spaces.varies import combined_axes, initial_axes

# Raise it whenever a law, a primitive's meaning or the order of inputs changes; digests carry it.
CANONICAL_VERSION = 1

_Pattern = str | tuple["_Pattern", ...]


def canonical(graph: Graph) -> Graph:
    """The simplest graph that computes the same by the laws; only the initial nodes that it uses."""
    expressions = Expressions()
    return expressions.graph(expressions.read(graph))


def digest(graph: Graph) -> str:
    """Hash of the canonical form, as `c<version>-<32 hex digits>`; the same in every process and on every platform."""
    expressions = Expressions()
    return f"c{CANONICAL_VERSION}-{expressions.key(expressions.read(graph)).hex()}"


def canonical_and_digest(graph: Graph) -> tuple[Graph, str]:
    """Both at the cost of one."""
    expressions = Expressions()
    output = expressions.read(graph)
    return expressions.graph(output), f"c{CANONICAL_VERSION}-{expressions.key(output).hex()}"


class Expressions:
    """Expressions simplified while they are built, each distinct one stored once and known by a number."""

    def __init__(self) -> None:
        self.op: list[str] = []
        self.inputs: list[tuple[int, ...]] = []
        self.axes: list[Axes] = []
        self._keys: list[bytes] = []
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}

    def read(self, graph: Graph) -> int:
        """Number of the simplified output of a graph."""
        numbers: dict[int, int] = {}
        for position in graph.active():
            node = graph.node(position)
            if node is None:
                numbers[position] = self._intern(_plain_constant(graph.initial[position]), ())
            else:
                numbers[position] = self.make(node.op, tuple(numbers[i] for i in node.inputs))
        return numbers[graph.output]

    def make(self, op: str, inputs: tuple[int, ...]) -> int:
        """Number of `op(inputs)` after all laws; terminates because every law makes the expression simpler."""
        if op in MOMENTS:
            kind, index_set = MOMENTS[op]
            varies = self.axes[inputs[0]]
            reduced = reduced_axes(index_set, varies)
            if kind == "mean" and reduced == NO_AXES:
                return inputs[0]  # the mean over axes that the argument does not vary along
            op = moment_name(kind, smallest_index_set(reduced, varies))
        elif ELEMENTWISE[op].commutative:
            inputs = tuple(sorted(inputs, key=self._rank))
        for left, right in _LAWS_OF.get(_head(op), ()):
            found: dict[str, int] = {}
            if self._match_inputs(left, op, inputs, found):
                return self._build(right, found, op)
        return self._intern(op, inputs)

    def _rank(self, number: int) -> tuple[bool, bytes]:
        """Order of the inputs of commutative primitives: constants last."""
        return is_constant(self.op[number]), self._keys[number]

    def key(self, number: int) -> bytes:
        """Structural hash of an expression, 16 bytes."""
        return self._keys[number]

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
                stack.extend((i, False) for i in reversed(self.inputs[number]))
        names = (*NAMED_INITIAL,)
        initial = [number for number in order if not self.inputs[number]]
        initial.sort(key=lambda n: (names.index(self.op[n]) if self.op[n] in names else len(names), self.op[n]))
        computed = [number for number in order if self.inputs[number]]
        position = {number: i for i, number in enumerate((*initial, *computed))}
        nodes = (Node(self.op[n], tuple(position[i] for i in self.inputs[n])) for n in computed)
        return Graph(tuple(self.op[n] for n in initial), tuple(nodes))

    def _intern(self, op: str, inputs: tuple[int, ...]) -> int:
        known = self._numbers.get((op, inputs))
        if known is not None:
            return known
        number = len(self.op)
        self._numbers[(op, inputs)] = number
        self.op.append(op)
        self.inputs.append(inputs)
        axes = tuple(self.axes[i] for i in inputs)
        self.axes.append(combined_axes(op, axes) if inputs else initial_axes(op))
        hashed = blake2b(op.encode(), digest_size=16)
        for i in inputs:
            hashed.update(self._keys[i])
        self._keys.append(hashed.digest())
        return number

    def _match_inputs(self, left: tuple[_Pattern, ...], op: str, inputs: tuple[int, ...], found: dict[str, int]) -> bool:
        patterns = left[1:]
        if self._match_all(patterns, inputs, found):
            return True
        if len(inputs) == 2 and ELEMENTWISE[op].commutative:
            found.clear()
            return self._match_all(patterns, (inputs[1], inputs[0]), found)
        return False

    def _match_all(self, patterns: tuple[_Pattern, ...], inputs: tuple[int, ...], found: dict[str, int]) -> bool:
        return all(self._match(pattern, number, found) for pattern, number in zip(patterns, inputs, strict=True))

    def _match(self, pattern: _Pattern, number: int, found: dict[str, int]) -> bool:
        if isinstance(pattern, tuple):
            return self.op[number] == pattern[0] and self._match_all(pattern[1:], self.inputs[number], found)
        if pattern[0] not in "ab":
            return self.op[number] == pattern
        if pattern.endswith("+") and not is_positive(self, number):
            return False
        if pattern.endswith("~") and not is_flat_nonnegative(self, number):
            return False
        return found.setdefault(pattern[0], number) == number

    def _build(self, pattern: _Pattern, found: dict[str, int], op: str) -> int:
        if isinstance(pattern, str):
            return found[pattern] if pattern in found else self._intern(pattern, ())
        head = str(pattern[0])
        if op in MOMENTS and head == MOMENTS[op][0]:
            head = op
        return self.make(head, tuple(self._build(part, found, op) for part in pattern[1:]))


def _head(op: str) -> str:
    return MOMENTS[op][0] if op in MOMENTS else op


def _plain_constant(name: str) -> str:
    """A constant without superfluous zeros: `0.50` is `0.5`, `1.0` is `1`."""
    return name.rstrip("0").rstrip(".") if is_constant(name) and "." in name else name


def _read_pattern(text: str) -> _Pattern:
    """`add(a, neg(b))` as ("add", "a", ("neg", "b"))."""
    head, bracket, rest = text.partition("(")
    if not bracket:
        return text
    parts, depth, start = [], 0, 0
    inside = rest[:-1]
    for i, character in enumerate(inside + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(_read_pattern(inside[start:i].strip()))
            start = i + 1
    return (head, *parts)


def _laws_by_head() -> dict[str, list[tuple[tuple[_Pattern, ...], _Pattern]]]:
    laws: dict[str, list[tuple[tuple[_Pattern, ...], _Pattern]]] = {}
    for left, right in LAWS:
        pattern = _read_pattern(left)
        assert isinstance(pattern, tuple)
        laws.setdefault(str(pattern[0]), []).append((pattern, _read_pattern(right)))
    return laws


_LAWS_OF = _laws_by_head()
