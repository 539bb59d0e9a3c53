"""Formulas in LaTeX: exact ones, ones that a typesetter reads, and no two alike."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.latex_printer import latex, latex_legend, latex_lines
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.graphs import random_graph

STD = r"\operatorname{{std}}_{{{}}}\left(x\right)"
CENTERED = r"v_1 \, \left(x - \operatorname{mean}_{bs}\left(x\right)\right)"

EXACT = {
    "EvoNorm-S0": rf"\frac{{x \, \operatorname{{sigmoid}}\left(v_1 \, x\right)}}"
    rf"{{{STD.format('sg')}}}",
    "EvoNorm-B0": rf"\frac{{x}}{{\max\left({STD.format('bs')}, "
    rf"v_1 \, x + {STD.format('s')}\right)}}",
    "EvoNorm-B2": rf"\frac{{x}}{{\max\left({STD.format('bs')}, "
    r"\operatorname{rms}_{s}\left(x\right) - x\right)}",
    "BN-ReLU": rf"\max\left(\frac{{{CENTERED}}}{{{STD.format('bs')}}} + v_0, 0\right)",
    "DyT": r"\tanh\left(\alpha \, x\right)",
    "Derf": r"\operatorname{erf}\left(\alpha \, x + \mathrm{shift}\right)",
    "rectifier": r"\max\left(x, -v_1\right)",
    "SiLU": r"x \, \operatorname{sigmoid}\left(x\right)",
}


@pytest.mark.parametrize("name", EXACT)
def test_known_layers(name: str) -> None:
    assert latex(zoo_graph(name)) == f"y = {EXACT[name]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - (v0 - v1)", r"x - \left(v_0 - v_1\right)"),
        ("x - -x", r"x - \left(-x\right)"),
        ("-(x + v1) * v0", r"\left(-\left(x + v_1\right)\right) \, v_0"),
        ("x * -v1", r"x \, \left(-v_1\right)"),
        ("x + -x * v1", r"x + \left(-x\right) \, v_1"),
        ("x + -(x * v1) * v0", r"x + \left(-x \, v_1\right) \, v_0"),
        ("square(tanh(x))", r"\left(\tanh\left(x\right)\right)^{2}"),
        ("square(-x) + abs(x) * 2", r"\left(-x\right)^{2} + \left|x\right| \cdot 2"),
        ("x / (v1 / (x + v0))", r"\frac{x}{\frac{v_1}{x + v_0}}"),
        ("rsqrt(x)", r"\frac{1}{\sqrt{\left|x\right| + \epsilon}}"),
    ],
)
def test_brackets_and_signs(text: str, expected: str) -> None:
    assert latex(parse(text)) == f"y = {expected}"


def test_shared_values_have_lines_of_their_own() -> None:
    graph = zoo_graph("BN-SiLU")
    first, last = latex_lines(graph)
    assert first == rf"a = \frac{{{CENTERED}}}{{{STD.format('bs')}}} + v_0"
    assert last == r"y = a \, \operatorname{sigmoid}\left(a\right)"
    assert latex(graph).split("\n") == [
        r"\begin{aligned}",
        first.replace("a =", "a &=") + r" \\",
        last.replace("y =", "y &="),
        r"\end{aligned}",
    ]


def test_no_line_has_the_name_of_the_output() -> None:
    shared = "".join(f"s{i} = tanh({i + 1} * x)\n" for i in range(60))
    lines = latex_lines(parse(shared + " + ".join(f"s{i} * s{i}" for i in range(60))))
    names = [line.partition(" = ")[0] for line in lines]
    assert len(set(names)) == len(names) > 60
    assert names[-1] == "y"


def many() -> list[Graph]:
    graphs = [zoo_graph(name) for name in ZOO]
    return graphs + [random_graph(np.random.default_rng(seed)) for seed in range(150)]


def test_a_typesetter_reads_every_line() -> None:
    parser = MathTextParser("path")
    for graph in many():
        for line in latex_lines(graph):
            parser.parse(f"${line}$")


def test_no_two_layers_have_the_same_formula() -> None:
    digests: dict[str, str] = {}
    for graph in many():
        canonical, digest = canonical_and_digest(graph)
        assert digests.setdefault(latex(canonical), digest) == digest


def test_the_legend_says_what_is_used() -> None:
    assert latex_legend(parse("tanh(x)")) == []
    (log, std) = latex_legend(parse("log(x) / std[sg](x)"))
    assert log.startswith(r"\operatorname{log}_{\pm}(t) = ")
    assert r"\sqrt{" in std
    for line in latex_legend(parse("log(sqrt(x)) + mean[c](x) + rms[c](x) + std[c](x)")):
        MathTextParser("path").parse(f"${line}$".replace(r"\text", r"\mathrm"))
