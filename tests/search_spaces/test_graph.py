"""Graphs: exact JSON, checked construction, what is active."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.errors import GraphError
from search_spaces.graph import Graph, Node, is_constant
from search_spaces.text import parse
from tests.support.duration import is_below
from tests.support.graphs import random_graph
from tests.support.hostile import HOSTILE_DOCUMENTS


def test_json_is_exact() -> None:
    for seed in range(500):
        graph = random_graph(np.random.default_rng(seed), 1 + seed % 30)
        text = graph.to_json()
        assert Graph.from_json(text) == graph
        assert Graph.from_json(text).to_json() == text
        assert "\n" not in text
        assert text.isascii()
    assert Graph(("x", "0"), ()).to_json() == '{"version":1,"initial":["x","0"],"nodes":[]}'


def test_graphs_are_values() -> None:
    graph = parse("x * sigmoid(x)")
    assert graph == parse("x * sigmoid(x)")
    assert len({graph, parse("x * sigmoid(x)"), parse("x")}) == 2
    with pytest.raises(AttributeError):
        graph.nodes = ()  # type: ignore[misc]


def test_active_positions() -> None:
    graph = Graph(
        ("x", "0", "v0", "v1"),
        (Node("exp", (2,)), Node("add", (0, 3)), Node("tanh", (4,)), Node("abs", (5,))),
    )
    assert graph.output == 7
    assert graph.active() == (0, 3, 5, 7)
    assert [node.op for _, node in graph.active_nodes()] == ["add", "abs"]
    assert Graph(("v0", "x"), ()).active() == (1,)
    assert graph.node(0) is None
    assert graph.node(4) == Node("exp", (2,))


@pytest.mark.parametrize(
    ("initial", "nodes", "message"),
    [
        ((), (), "initial nodes must be distinct and at least one"),
        (("x", "x"), (), "initial nodes must be distinct"),
        (("x", "v2"), (), "unknown initial node 'v2' .did you mean 'v[01]'.*decimal constants"),
        (("x", "-1"), (), "unknown initial node '-1'"),
        (("x",), (Node("tan", (0,)),), "unknown primitive 'tan' at node 0 .did you mean 'tanh'"),
        (("x",), (Node("std", (0,)),), "unknown primitive 'std' at node 0 .did you mean 'std"),
        (("x",), (Node("add", (0,)),), "add at node 0 takes 2 inputs, given 1"),
        (("x",), (Node("neg", (0, 0)),), "neg at node 0 takes 1 input, given 2"),
        (("x",), (Node("tanh", ()),), "tanh at node 0 takes 1 input, given 0"),
        (("x",), (Node("tanh", (1,)),), r"inputs of node 0 must lie in 0\.\.0, given \(1,\)"),
        (("x",), (Node("tanh", (-1,)),), r"inputs of node 0 must lie in 0\.\.0, given \(-1,\)"),
        (("x",), (Node("tanh", (0,)),) * 1000, "a graph has at most 1000 values, given 1001"),
    ],
)
def test_wrong_graphs_are_refused(
    initial: tuple[str, ...], nodes: tuple[Node, ...], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        Graph(initial, nodes)


@pytest.mark.parametrize("name", ["0", "1", "0.5", "999999", "12.00000000000000001"])
def test_constants(name: str) -> None:
    assert is_constant(name)


@pytest.mark.parametrize("name", ["-1", "1e3", ".5", "1.", "01", "nan", "inf", "1000000", "\u0661"])
def test_what_is_no_constant(name: str) -> None:
    assert not is_constant(name)


@pytest.mark.parametrize("number", range(len(HOSTILE_DOCUMENTS)))
def test_hostile_documents_are_refused_at_once(number: int) -> None:
    def refuse() -> None:
        with pytest.raises(GraphError, match=r"\w") as caught:
            Graph.from_json(HOSTILE_DOCUMENTS[number])
        assert len(str(caught.value)) < 1000

    assert is_below(1.0, refuse)


def test_to_networkx_shows_the_active_graph() -> None:
    drawn = parse("x / std[s](x) + v0").to_networkx()
    labels = sorted(data["label"] for _, data in drawn.nodes(data=True))
    assert labels == ["add", "div", "std[s]", "v0", "x"]
    assert drawn.number_of_edges() == 5
