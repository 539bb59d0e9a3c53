"""Patterns of layers, and what they do."""

from __future__ import annotations

import numpy as np
import pytest

from evonas.simulator.effects import mixed, normals, patterns, sums
from search_spaces.canonical import canonical
from search_spaces.text import parse


def test_patterns_of_a_layer() -> None:
    near, far = patterns(canonical(parse("x * sigmoid(v1 * x) / std[sg](x)")))
    assert "sigmoid(mul)" in near
    assert "mul(v1,x)" in near
    assert "sigmoid(mul(v1,x))" in far
    assert "std[sg](x)" in far
    assert len(near) == len(far) == 5


def test_normals_are_standard_normal() -> None:
    drawn = np.array([normals(f"text {i}", 6) for i in range(3000)])
    assert drawn.mean(0) == pytest.approx(0.0, abs=0.1)
    assert np.cov(drawn.T) == pytest.approx(np.eye(6), abs=0.1)


@pytest.mark.parametrize("tail", [1.0, 2.0, 2.5])
def test_effects_have_mean_0_and_variance_1(tail: float) -> None:
    drawn = np.array([sums([f"name {i}"], "0", 3, tail) for i in range(20_000)])
    assert drawn.mean(0) == pytest.approx(0.0, abs=0.05)
    assert drawn.var(0) == pytest.approx(1.0, abs=0.2)


def test_a_heavier_tail_leaves_more_of_the_sum_to_few_effects() -> None:
    def share_of_largest(tail: float) -> float:
        squares = np.array([sums([f"name {i}"], "0", 1, tail)[0] ** 2 for i in range(5000)])
        return float(np.sort(squares)[-50:].sum() / squares.sum())

    light, heavy = share_of_largest(1.0), share_of_largest(5.0)
    assert light < 0.1
    assert heavy > 0.5


def test_sums_add_up_and_depend_on_the_prefix() -> None:
    both = np.array(sums(["a", "b"], "0", 4, 5.0))
    assert both == pytest.approx(np.array(sums(["a"], "0", 4, 5.0)) + sums(["b"], "0", 4, 5.0))
    assert sums([], "0", 4, 5.0) == [0.0] * 4
    assert sums(["a"], "1", 4, 5.0) != sums(["a"], "0", 4, 5.0)


def test_a_mixture_keeps_the_variance() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 20_000))
    drawn = [mixed(a, b, 0.3) for a, b in zip(one, other, strict=True)]
    assert np.var(drawn) == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(one, drawn)[0, 1] ** 2 == pytest.approx(0.3, abs=0.05)
