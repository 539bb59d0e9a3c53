"""The text form: writing it, so that reading it back gives the same active graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from string import ascii_lowercase

from search_spaces.graph import NAMED_INITIAL, Graph, Node
from search_spaces.primitives import ELEMENTWISE

# Well below the depth that the reader allows: an operation is up to two levels deep.
_MAX_HEIGHT = 40

_SUM, _PRODUCT, _UNARY, _ATOM = range(4)  # how tightly a written expression binds


def format_graph(graph: Graph) -> str:
    """The active graph in infix; a value that is used twice gets a line of its own, `a = ...`."""
    return _Printer(graph).text()


def line_names(graph: Graph) -> dict[int, str]:
    """The names that `format_graph` gives to values on lines of their own, by position."""
    printer = _Printer(graph)
    printer.text()
    return printer.names


def _line_names() -> Iterator[str]:
    letters = [letter for letter in ascii_lowercase if letter not in NAMED_INITIAL]
    yield from letters
    for round_ in count(1):
        yield from (
            f"{letter}{round_}" for letter in letters if f"{letter}{round_}" not in NAMED_INITIAL
        )


class _Printer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.uses = Counter(i for _, node in graph.active_nodes() for i in node.inputs)
        self.written: dict[int, tuple[str, int]] = {}  # position -> text, how tightly it binds
        self.height: dict[int, int] = {}
        self.names: dict[int, str] = {}  # of positions that have a line of their own

    def text(self) -> str:
        names = _line_names()
        lines = []
        for position in self.graph.active():
            node = self.graph.node(position)
            if node is None:
                self.written[position] = (self.graph.initial[position], _ATOM)
                self.height[position] = 0
                continue
            self.written[position] = self.expression(node)
            self.height[position] = 1 + max(self.height[i] for i in node.inputs)
            shared = self.uses[position] > 1 or self.height[position] > _MAX_HEIGHT
            if shared and position != self.graph.output:
                self.names[position] = name = next(names)
                lines.append(f"{name} = {self.written[position][0]}")
                self.written[position] = (name, _ATOM)
                self.height[position] = 0
        return "\n".join((*lines, self.written[self.graph.output][0]))

    def expression(self, node: Node) -> tuple[str, int]:
        infix = ELEMENTWISE[node.op].infix if node.op in ELEMENTWISE else None
        if node.op == "neg":
            return f"-{self.operand(node.inputs[0], _UNARY)}", _UNARY
        if infix is None:
            inputs = ", ".join(self.operand(i, _SUM) for i in node.inputs)
            return f"{node.op}({inputs})", _ATOM
        left, right = node.inputs
        binds = _SUM if node.op == "add" else _PRODUCT
        if node.op == "add" and self.is_written_negation(right):
            negated = self.graph.node(right)
            assert negated is not None
            return f"{self.operand(left, _SUM)} - {self.operand(negated.inputs[0], _PRODUCT)}", _SUM
        return f"{self.operand(left, binds)} {infix} {self.operand(right, binds + 1)}", binds

    def is_written_negation(self, position: int) -> bool:
        """Whether a value is a negation that has no line of its own."""
        node = self.graph.node(position)
        return node is not None and node.op == "neg" and self.written[position][0].startswith("-")

    def operand(self, position: int, at_least: int) -> str:
        text, binds = self.written[position]
        return text if binds >= at_least else f"({text})"
