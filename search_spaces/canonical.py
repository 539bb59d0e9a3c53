"""Canonical form and digest: dead nodes gone, equal parts shared, inputs ordered, laws applied."""

from __future__ import annotations

from search_spaces.expressions import Expressions
from search_spaces.graph import Graph

# Raise it whenever a law, a primitive's meaning or the order of inputs changes; digests carry it.
CANONICAL_VERSION = 1


def canonical(graph: Graph) -> Graph:
    """The simplest graph that computes the same by the laws; it has no unused initial nodes."""
    expressions = Expressions()
    return expressions.graph(expressions.read(graph))


def digest(graph: Graph) -> str:
    """Hash of the canonical form, as `c<version>-<32 hex digits>`, the same on every platform."""
    expressions = Expressions()
    return _digest(expressions, expressions.read(graph))


def canonical_and_digest(graph: Graph) -> tuple[Graph, str]:
    """Both at the cost of one."""
    expressions = Expressions()
    output = expressions.read(graph)
    return expressions.graph(output), _digest(expressions, output)


def _digest(expressions: Expressions, output: int) -> str:
    return f"c{CANONICAL_VERSION}-{expressions.key(output).hex()}"
