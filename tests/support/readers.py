"""What a text or a document is to the readers, with the promises that they make on the way."""

from __future__ import annotations

from search_spaces.canonical import canonical
from search_spaces.errors import GraphError, TextError
from search_spaces.graph import Graph
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from tests.support.graph_changes import ordered_form


def is_layer(text: str) -> bool:
    """Whether a text is one; a graph is written and read back, an error is short."""
    message = ""
    try:
        graph = parse(text)
    except TextError as error:
        message = str(error)
    if message:
        assert len(message) < 1000
        return False
    assert ordered_form(parse(format_graph(graph))) == ordered_form(graph)
    return True


def is_graph(text: str) -> bool:
    """Whether a document is one; then it is exact, and has a canonical form."""
    message = ""
    try:
        graph = Graph.from_json(text)
    except GraphError as error:
        message = str(error)
    if message:
        assert len(message) < 1000
        return False
    assert Graph.from_json(graph.to_json()) == graph
    canonical(graph)
    return True
