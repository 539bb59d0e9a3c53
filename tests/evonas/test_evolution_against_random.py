"""What the benchmark of that name says of two reranks: who wins, and against what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import ttest_rel

from evonas.standings import best
from tests.benchmarks.evolution_against_random import Found, against_baselines, difference, winner
from tests.evonas.test_standings import BASE, LAYERS, RECORD, layer, plus

NONE = Found(None, None)


def found(first: list[float], second: list[float]) -> Found:
    """A rerank whose only layer found has these tests on the two anchors."""
    one = layer("one", "found", 0.5, resnet=first, vit=second)
    record = replace(RECORD, layers=(one, *LAYERS[:2]))
    return Found(record, best(record))


def test_the_difference_is_paired_over_the_seeds_of_the_means_over_anchors() -> None:
    one, other = found(plus(0.1, 0.02), plus(0.3)), found(plus(0.0), list(BASE))
    by_seed = [[(a + b) / 2 for a, b in zip(*tests, strict=True)] for tests in _tests(one, other)]
    assert [one.by_seed, other.by_seed] == [pytest.approx(values) for values in by_seed]
    apart, p = difference(one, other)
    assert apart is not None
    assert apart.mean == pytest.approx(sum(by_seed[0]) / 5 - sum(by_seed[1]) / 5)
    assert p == pytest.approx(ttest_rel(*by_seed).pvalue)


def _tests(*of: Found) -> list[list[tuple[float, ...]]]:
    return [[r.test for r in each.best.layer.results.values()] for each in of if each.best]


def test_the_higher_mean_wins_and_none_is_worse_than_any() -> None:
    high, low = found(plus(0.1), plus(0.1)), found(plus(0.0), plus(0.1))
    assert (winner(high, low), winner(low, high), winner(low, low)) == (
        "evolution",
        "random",
        "neither",
    )
    assert (winner(low, NONE), winner(NONE, low), winner(NONE, NONE)) == (
        "evolution",
        "random",
        "neither",
    )
    assert difference(NONE, low) == (None, 1.0)


def test_baselines_are_counted_by_anchor_where_both_were_tested() -> None:
    above, below = found(plus(0.3), plus(0.3)), found(plus(-0.2, 0.01), list(BASE))
    lines = [line.split() for line in against_baselines([above, below, NONE])]
    assert lines[0] == ["baseline", "anchor", "better", "worse", "neither"]
    assert lines[1:] == [
        ["BN", "resnet", "1", "1", "0"],
        ["BN", "vit", "1", "0", "1"],
        ["GN", "resnet", "1", "1", "0"],
    ]
