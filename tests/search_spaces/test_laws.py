"""Each law alone: both sides compute the same, in value and gradient, training and evaluation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from search_spaces.canonical import digest
from search_spaces.expressions import Expressions
from search_spaces.graph import Graph
from search_spaces.laws import LAWS
from search_spaces.signs import Sign
from search_spaces.text import parse
from tests.support.compare import assert_same, build
from tests.support.layers import images
from tests.support.texts import random_text

_MOMENT = re.compile(r"\b(mean|rms|std)\(")
# Values of which a sign is proved, the first for a+ and both for a~.
_POSITIVE = [
    "exp({})",
    "rms[s]({})",
    "sigmoid({})",
    "std[bs]({})",
    "0.5+abs({})",
    "max(1,{})",
    "softplus({})",
]
_FLAT = [
    "abs({})",
    "square({})",
    "max({},0)",
    "abs({})*square({})",
    "sqrt(abs({}))",
    "relu({})/exp({})",
]
_FLAT += ["mean[s](abs({}))", "mean[bs](exp({}))", "max(square({}),abs({}))"]


def instances(side: str, index_set: str, values: dict[str, str]) -> Graph:
    """One side of a law as a graph, with values for its letters."""
    text = _MOMENT.sub(rf"\1[{index_set}](", re.sub(r"\b([ab])[+~]", r"\1", side))
    lines = [f"{letter} = {value}" for letter, value in values.items() if letter in text]
    return parse("\n".join((*lines, text)))


def values_for(left: str, rng: np.random.Generator) -> dict[str, str]:
    found = {}
    for letter in "ab":
        value = random_text(rng)
        if f"{letter}+" in left:
            value = str(rng.choice(_POSITIVE)).replace("{}", value)
        elif f"{letter}~" in left:
            value = str(rng.choice(_FLAT + _POSITIVE)).replace("{}", value)
        found[letter] = value
    return found


@pytest.mark.parametrize(("left", "right"), LAWS)
def test_both_sides_of_a_law_compute_the_same(left: str, right: str) -> None:
    rng = np.random.default_rng(sum(map(ord, left)))
    finite = 0
    for seed in range(12):
        index_set = ("bs", "s", "sc", "sg", "c", "g")[seed % 6]
        values = values_for(left, rng)
        graphs = [instances(side, index_set, values) for side in (left, right)]
        assert digest(graphs[0]) == digest(graphs[1]), values
        finite += assert_same(*graphs, seed)
    assert finite >= 4


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("mean[s](v0 * alpha)", "v0 * alpha"),
        ("mean[bs](mean[s](x))", "mean[bs](x)"),
        ("mean[c](mean[s](tanh(x)))", "mean[sc](tanh(x))"),
        ("mean[c](mean[g](x))", "mean[c](x)"),
        ("mean[g](mean[s](x))", "mean[sg](x)"),
        ("mean[sc](mean[bs](mean[s](x)))", "mean[c](mean[bs](x))"),
        ("std[s](x - mean[s](x))", "std[s](x)"),
        ("std[bs](v0 + exp(x))", "std[bs](exp(x))"),
        ("std[s](x + mean[bs](x))", "std[s](x)"),
        ("std[bs](v0)", "std[s](0.5)"),
        ("std[s](mean[s](x))", "std[s](v0)"),
        ("rms[s](v0)", "rms[bs](v0)"),
        ("std[sc](mean[s](x))", "std[c](mean[s](x))"),
        ("rms[sg](mean[s](x))", "rms[g](mean[s](x))"),
    ],
)
def test_laws_of_moments_that_look_at_axes(left: str, right: str) -> None:
    graphs = [parse(f"x * ({side}) + v0") for side in (left, right)]
    assert digest(graphs[0]) == digest(graphs[1])
    assert assert_same(*graphs)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("abs(mean[s](x))", "rms[s](mean[s](x))"),  # the epsilon
        ("square(sqrt(x))", "abs(x)"),  # the epsilon
        ("x / x", "1"),  # 0 / 0
        ("log(exp(x))", "x"),  # the epsilon
        ("mean[bs](x + v0)", "mean[bs](x) + v0"),  # the running estimate lags behind v0
        ("std[bs](x + mean[s](x))", "std[bs](x)"),
        ("std[s](x + v0 * x)", "std[s](x)"),
        ("max(x, 0)", "x"),
        ("x - v0", "v0 - x"),
        ("x / v0", "v0 / x"),
        ("max(mean[bs](abs(x)), -v0)", "mean[bs](abs(x))"),
        ("min(x, 0)", "-max(-x, 0)"),  # other gradients at the tie
    ],
)
def test_what_is_no_law(left: str, right: str) -> None:
    assert digest(parse(left)) != digest(parse(right))


def test_proved_signs_hold() -> None:
    rng = np.random.default_rng(3)
    proved = {Sign.FLAT: 0, Sign.POSITIVE: 0}
    for seed in range(600):
        graph = parse(random_text(rng, 3))
        expressions = Expressions()
        sign = expressions.sign(expressions.read(graph))
        if sign is Sign.UNKNOWN or "x" not in graph.initial:
            continue
        proved[sign] += 1
        layer = build(graph, seed)
        layer.weight.data.fill_(1)
        layer.bias.data.fill_(0)
        for training in (False, True, False):
            values = layer.train(training)(images(seed))
            values = values[values.isfinite()]
            assert (values >= 0).all()
            if sign is Sign.POSITIVE and values.numel():
                assert values.max() > 0
    assert min(proved.values()) >= 20
