"""A layer as a directed acyclic graph: immutable, hashable, with an exact JSON form."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search_spaces.errors import GraphError, UnknownPrimitiveError, counted, nearest, own_hint
from search_spaces.primitives import ARITIES, ELEMENTWISE

if TYPE_CHECKING:
    import networkx

JSON_VERSION = 1
MAX_NODES = 1000

# Named initial nodes and what they are; any other is a constant, written as a decimal number.
NAMED_INITIAL: dict[str, str] = {
    "x": "the input",
    "v0": "trainable, one number per channel, starts at 0",
    "v1": "trainable, one number per channel, starts at 1",
    "alpha": "trainable, one number per layer, starts at 0.5",
    "shift": "trainable, one number per layer, starts at 0",
}
_CONSTANT = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,17})?", re.ASCII)


def is_constant(name: str) -> bool:
    """Whether an initial node is a constant: a decimal number such as `0`, `1` or `0.5`."""
    return _CONSTANT.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Node:
    """One computed value: a primitive and the positions of its inputs among the earlier values."""

    op: str
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Values in order: the initial ones, then the computed ones; the last value is the output.

    A position counts from 0 over `initial` and then `nodes`. Raises GraphError if a name is
    unknown, an input does not come earlier, or an arity is wrong.
    """

    initial: tuple[str, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.initial or len(set(self.initial)) != len(self.initial):
            given = ", ".join(self.initial[:20])
            raise GraphError(f"initial nodes must be distinct and at least one, given {given:.80}")
        base = len(self.initial)
        if base + len(self.nodes) > MAX_NODES:
            raise GraphError(
                f"a graph has at most {MAX_NODES} values, given {base + len(self.nodes)}"
            )
        for name in self.initial:
            if name not in NAMED_INITIAL and not is_constant(name):
                allowed = ", ".join(NAMED_INITIAL)
                raise GraphError(
                    f"unknown initial node {name!r:.60}{nearest(name, NAMED_INITIAL)}; "
                    f"allowed: {allowed} and decimal constants"
                )
        for position, node in enumerate(self.nodes, start=base):
            inputs = node.inputs
            if ARITIES.get(node.op) != len(inputs):
                raise _wrong_node(position - base, node)
            if min(inputs) < 0 or max(inputs) >= position:
                given = f"{inputs}"
                raise GraphError(
                    f"inputs of node {position - base} must lie in 0..{position - 1}, "
                    f"given {given:.60}"
                )

    @property
    def output(self) -> int:
        """Position of the output."""
        return len(self.initial) + len(self.nodes) - 1

    def node(self, position: int) -> Node | None:
        """The computed node at a position, None for an initial one."""
        return self.nodes[position - len(self.initial)] if position >= len(self.initial) else None

    def active(self) -> tuple[int, ...]:
        """Positions of the values that the output depends on, the output among them, in order."""
        wanted = {self.output}
        for position in range(self.output, len(self.initial) - 1, -1):
            if position in wanted:
                wanted.update(self.nodes[position - len(self.initial)].inputs)
        return tuple(sorted(wanted))

    def active_nodes(self) -> Iterator[tuple[int, Node]]:
        """(position, node) of the computed values that the output depends on, inputs first."""
        for position in self.active():
            if position >= len(self.initial):
                yield position, self.nodes[position - len(self.initial)]

    def to_json(self) -> str:
        """Exact, dead nodes included; one line, stable."""
        document = {
            "version": JSON_VERSION,
            "initial": list(self.initial),
            "nodes": [[node.op, list(node.inputs)] for node in self.nodes],
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph of a JSON document; raises GraphError for anything that is not one."""
        if len(text) > 100 * MAX_NODES:
            raise GraphError(
                f"a graph document has at most {100 * MAX_NODES} characters, given {len(text)}"
            )
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GraphError(f"not a JSON document: {str(error)[:200]}") from None
        return _from_document(document)

    def to_networkx(self) -> networkx.MultiDiGraph[int]:
        """Active values as nodes (`label`), inputs as edges (`slot`: always 0 if commutative)."""
        import networkx

        drawn: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
        for position in self.active():
            node = self.node(position)
            drawn.add_node(position, label=node.op if node else self.initial[position])
            if node is None:
                continue
            ordered = node.op in ELEMENTWISE and not ELEMENTWISE[node.op].commutative
            for slot, source in enumerate(node.inputs):
                drawn.add_edge(source, position, slot=slot if ordered else 0)
        return drawn


def _short(value: Any) -> str:
    return f"{reprlib.repr(value):.60}"  # of bounded depth


def _wrong_node(index: int, node: Node) -> GraphError:
    if node.op not in ARITIES:
        hint = nearest(node.op, ARITIES) + own_hint(node.op)
        return UnknownPrimitiveError(f"unknown primitive {node.op!r:.60} at node {index}{hint}")
    given = f"given {len(node.inputs)}"
    takes = counted(ARITIES[node.op], "input")
    return GraphError(f"{node.op} at node {index} takes {takes}, {given}")


def _from_document(document: Any) -> Graph:
    if not isinstance(document, dict) or set(document) != {"version", "initial", "nodes"}:
        raise GraphError("a graph document is an object with the keys version, initial, nodes")
    version = document["version"]
    if type(version) is not int or version != JSON_VERSION:
        raise GraphError(f"graph document of version {_short(version)}, expected {JSON_VERSION}")
    initial, nodes = document["initial"], document["nodes"]
    if not isinstance(initial, list) or not all(isinstance(name, str) for name in initial):
        raise GraphError("initial must be a list of names")
    if not isinstance(nodes, list) or len(nodes) > MAX_NODES:
        raise GraphError(f"nodes must be a list of at most {MAX_NODES} pairs [primitive, inputs]")
    built = []
    for i, pair in enumerate(nodes):
        match pair:
            case [str(op), list(inputs)] if all(type(j) is int for j in inputs):
                built.append(Node(op, tuple(inputs)))
            case _:
                raise GraphError(
                    f"node {i} must be a pair [primitive, inputs], given {_short(pair)}"
                )
    return Graph(tuple(initial), tuple(built))
