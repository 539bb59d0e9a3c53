"""Drawings of graphs, as a reader sees them: boxes apart, words inside, lines beside boxes."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.drawing import svg
from search_spaces.canonical import canonical
from search_spaces.graph import Graph, Node
from search_spaces.sampling import sample_uniform
from search_spaces.space import get_space
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LETTER = 0.61  # width of a character of DejaVu Sans Mono, in its size


class Picture:
    """What stands where in a drawing: boxes as (left, top, right, bottom), lines as points."""

    def __init__(self, graph: Graph) -> None:
        self.root = ElementTree.fromstring(svg(graph))
        groups = [group for group in self.root.iter(f"{_SVG}g") if group.get("fill") is None]
        self.boxes = [_box(group.find(f"{_SVG}rect")) for group in groups]
        self.words = [_text(group) for group in groups]
        self.lines = [_points(path.get("d", "")) for path in self.root.iter(f"{_SVG}path")]
        self.frame = tuple(map(float, self.root.get("viewBox", "").split()))


def _text(group: ElementTree.Element) -> str:
    found = group.find(f"{_SVG}text")
    assert found is not None
    return found.text or ""


def _box(rect: ElementTree.Element | None) -> tuple[float, float, float, float]:
    assert rect is not None
    x, y, width, height = (float(rect.get(k, "")) for k in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def _points(path: str) -> list[tuple[float, float]]:
    """Points along `M x y C ...` and a vertical end, if there is one."""
    numbers = [float(number) for number in _NUMBER.findall(path)]
    corners = np.array(numbers[:8]).reshape(4, 2)
    t = np.linspace(0, 1, 41)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    points = [(float(x), float(y)) for x, y in weights @ corners]
    (x, y) = points[-1]
    return points + [(x, y + (end - y) * k / 10) for end in numbers[8:] for k in range(11)]


def assert_legible(graph: Graph) -> None:
    """No box on another, no word outside its box, no line through a box, all in the frame."""
    picture = Picture(graph)
    left, top, width, height = picture.frame
    for a, b in combinations(picture.boxes, 2):
        assert a[2] + 5 < b[0] or b[2] + 5 < a[0] or a[3] + 5 < b[1] or b[3] + 5 < a[1]
    for box, words in zip(picture.boxes, picture.words, strict=True):
        assert left < box[0] < box[2] < left + width
        assert top < box[1] < box[3] < top + height
        assert len(words) * 14 * _LETTER < box[2] - box[0] - 6, words
    for line in picture.lines:
        for x, y in line:
            assert left < x < left + width
            assert not [b for b in picture.boxes if b[0] < x < b[2] and b[1] + 1 < y < b[3] - 1]


def ends(graph: Graph) -> int:
    """How many lines reach a box: an input of an active value each, and the output."""
    return sum(len(node.inputs) for _, node in graph.active_nodes()) + 1


@pytest.mark.parametrize("name", list(ZOO))
def test_known_layers_are_legible(name: str) -> None:
    graph = canonical(zoo_graph(name))
    assert_legible(graph)
    picture = Picture(graph)
    assert len(picture.boxes) == len(graph.active()) + 1
    assert sum(" V " not in p.get("d", "") for p in picture.root.iter(f"{_SVG}path")) == ends(graph)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_random_graphs_are_legible(seed: int) -> None:
    assert_legible(sample_uniform(get_space("universal"), np.random.default_rng(seed)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_graphs_without_dead_values_are_legible(data: st.DataObject) -> None:
    """Each node uses the one before it and any other, so that lines are many and long."""
    nodes = []
    for i in range(data.draw(st.integers(1, 12))):
        op = data.draw(st.sampled_from(("add", "div", "max", "std[sg]")))
        other = data.draw(st.integers(0, 2 + i))
        nodes.append(Node(op, (2 + i,) if op == "std[sg]" else (other, 2 + i)))
    assert_legible(Graph(("x", "v1", "0.7071067811865476"), tuple(nodes)))


def test_words_of_a_drawing() -> None:
    picture = Picture(parse("a = x - mean[s](x) * 0.123456789012; a / sub(std[s](a), a)"))
    words = sorted(picture.words)
    assert words == sorted(
        ["x", "mean[s]", "×", "neg", "a = +", "0.1234567…", "std[s]", "−", "÷", "y"]  # noqa: RUF001
    )
    numbers = [t.text for t in picture.root.findall(f"{_SVG}text")]
    assert sorted(map(str, numbers)) == ["1", "1", "2", "2"]
    titles = [t.text for t in picture.root.iter(f"{_SVG}title")]
    assert titles[0] == "a = x - mean[s](x) * 0.123456789012\na / sub(std[s](a), a)"
    assert "0.123456789012" in titles


def test_inputs_are_numbered_by_their_place_not_by_where_they_come_from() -> None:
    def numbers(text: str) -> list[str]:
        return [str(t.text) for t in Picture(parse(text)).root.findall(f"{_SVG}text")]

    one_way, other_way = numbers("x / std[s](x)"), numbers("std[s](x) / x")
    assert one_way == other_way[::-1]


def test_a_layer_that_is_its_input() -> None:
    assert Picture(parse("x")).words == ["x", "y"]


def test_the_same_drawing_every_time() -> None:
    assert svg(zoo_graph("BCN")) == svg(zoo_graph("BCN"))
