"""The text form: what is written is read back, and errors point at the column."""

from __future__ import annotations

import re

import numpy as np
import pytest

from search_spaces.canonical import digest
from search_spaces.errors import TextError
from search_spaces.graph import Graph, Node
from search_spaces.primitives import ARITIES
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.duration import is_below
from tests.support.graph_changes import ordered_form
from tests.support.graphs import random_graph
from tests.support.hostile import HOSTILE_TEXTS
from tests.support.readers import is_layer


def test_every_random_graph_is_read_back_as_it_was() -> None:
    for seed in range(1500):
        graph = random_graph(np.random.default_rng(seed), 1 + seed % 24)
        text = format_graph(graph)
        read = parse(text)
        assert ordered_form(read) == ordered_form(graph), text
        assert format_graph(read) == text
        assert digest(read) == digest(graph)


def test_graphs_of_the_greatest_size_are_read_back() -> None:
    rng = np.random.default_rng(0)
    longest = "0.12345678901234567"
    chains = [
        Graph(("x",), tuple(Node(op, (i,) * ARITIES[op]) for i in range(999)))
        for op in ("neg", "abs", "div", "std[bs]", "softplus")
    ]
    tree = tuple(Node("div", (i // 2, 0)) for i in range(1, 998))
    chains += [Graph(("x", longest), tree), random_graph(rng, 992)]
    for graph in chains:
        text = format_graph(graph)
        read = parse(text)
        assert len(read.active()) == len(graph.active())
        assert format_graph(read) == text


@pytest.mark.parametrize("name", ZOO)
def test_zoo_layers_are_read_back(name: str) -> None:
    graph = zoo_graph(name)
    assert ordered_form(parse(format_graph(graph))) == ordered_form(graph)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x * sigmoid(v1 * x) / std[sg](x)", None),
        ("x / max(std[bs](x), v1 * x + std[s](x))", None),
        ("  ((x))\t\r\n", "x"),
        ("a=x-v0;a*a", "a = x - v0\na * a"),
        ("x - -v0", None),
        ("-x * v1", None),
        ("-(x * v1)", None),
        ("x - (v0 - v1)", None),
        ("x / (v0 / v1)", None),
        ("(x + v0) * v1", None),
        ("x + (v0 + v1)", None),
        ("sub(x, v0)", None),
        ("mean [ bs ] ( x )", "mean[bs](x)"),
        ("b = x; tanh(b)", "tanh(x)"),
        ("\n\na = -x\n;\na + a\n;", "a = -x\na + a"),
        ("0.50 * x + 1", None),
    ],
)
def test_written_forms(text: str, written: str | None) -> None:
    assert format_graph(parse(text)) == (written or text)


def test_a_difference_is_the_sum_with_a_negative() -> None:
    assert parse("x - v0").nodes == (Node("neg", (1,)), Node("add", (0, 2)))
    assert parse("x - v0") == parse("x + -v0")


ERRORS = {
    "": "expected a value, found 'the end'; allowed: a name, a number, '-' or '(' (column 1)",
    "x +": "expected a value, found 'the end'; allowed: a name, a number, '-' or '(' (column 4)",
    "x $ y": "unexpected character '$'; allowed: names, numbers and + - * / ( ) [ ] , = ; (col",
    "\u0445 + x": "unexpected character '\\u0445'; allowed: names, numbers and",
    "y * x": "unknown value 'y'; allowed: x, v0, v1, alpha, shift and names defined on",
    "sigmod(x)": "unknown primitive 'sigmod' (did you mean 'sigmoid'?); allowed: add, mul",
    "std(x)": "std needs an index set, as in std[bs](x); allowed: bs, s, sc, sg, c, g (column 4)",
    "x + std[cs](x)": "unknown index set 'cs' (did you mean 'sc'?); allowed: bs, s, sc, sg, c, g",
    "x / std[sb](x)": "unknown index set 'sb' (did you mean 'bs'?); allowed",
    "x / std[](x)": "std[] names no index set, as std[bs](x) does; allowed: bs, s, sc",
    "tanh[bs](x)": "tanh takes no index set; only mean, rms, std do (column 5)",
    "max(x)": "max takes 2 inputs, given 1 (column 1)",
    "tanh(x, x)": "tanh takes 1 input, given 2 (column 1)",
    "tanh": "'tanh' is a primitive and needs inputs, as in tanh(x) (column 1)",
    "x + std": "'std' is a primitive and needs inputs, as in std[bs](x) (column 5)",
    "max + x": "'max' is a primitive and needs inputs, as in max(x, v1) (column 1)",
    "(x": "expected ')' to close the parenthesis, found 'the end' (column 3)",
    "max(x, v0": "expected ')' after the inputs, found 'the end' (column 10)",
    "mean[bs(x)": "expected ']' to close the index set, found '(' (column 8)",
    "mean[bs] x": "expected '(' before the inputs, found 'x' (column 10)",
    "x x": "expected an operator or the end, found 'x' (column 3)",
    "a = x a": "expected an operator, ';' or a new line, found 'a' (column 7)",
    "a = x": "expected a last line without a name: the layer's output (column 6)",
    "x = v0\nx": "'x' has a meaning already; choose another name (line 1, column 1)",
    "a = x\na = v0\na": "'a' is defined twice (line 2, column 1)",
    "a = x\nb": "unknown value 'b'; allowed: x, v0",
    "1e5 * x": "expected an operator or the end, found 'e5' (column 2)",
    "01 + x": "a constant is a plain decimal number below a million with at most 17 decimals",
    "9999999": "a constant is a plain decimal number below a million with at most 17 decimals",
    "-" * 101 + "x": "nested deeper than 100; name parts of it on lines of their own",
    "+".join("x" * 1200): "a layer has at most 1000 values",
    "x" * 100_001: "a text form has at most 100000 characters, given 100001",
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:20].encode("ascii", "replace"))
def test_errors_say_where_what_and_what_is_allowed(text: str) -> None:
    with pytest.raises(TextError, match=re.escape(ERRORS[text])) as caught:
        parse(text)
    message, _, pointer = str(caught.value).rpartition("\n")
    assert pointer.endswith("^")
    if 0 < len(text) < 50:
        shown = message.rsplit("\n", 1)[1]
        line = text.split("\n")[caught.value.line]
        assert shown == f"  {line.encode('ascii', 'replace').decode()}"
        assert len(pointer) - 3 == caught.value.column <= len(line)


@pytest.mark.parametrize("number", range(len(HOSTILE_TEXTS)))
def test_hostile_texts_take_little_time(number: int) -> None:
    assert is_below(1.0, lambda: is_layer(HOSTILE_TEXTS[number]))
