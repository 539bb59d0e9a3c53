"""The noise between seeds, and what may be called better in spite of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.config_sections import EvolutionConfig
from evonas.front import best_of
from evonas.noise import LEAST_DEGREES, better, pooled
from tests.benchmarks.front_noise import dominates, pool, row, search, shares


def test_the_noise_is_pooled_within_layers() -> None:
    noise = pooled(
        [
            [{"a": 1.0, "b": 0.0}, {"a": 3.0, "b": 0.0}],  # sum of squares 2
            [{"a": 10.0, "b": 5.0}],  # says nothing
            [{"a": 0.0, "b": 1.0}, {"a": 3.0, "b": 1.0}, {"a": 6.0, "b": 1.0}],  # 18
            [{"a": 0.0, "b": 2.0}, {"a": 0.0, "b": 2.0}],
        ]
    )
    assert noise.degrees == 4 == LEAST_DEGREES
    assert noise.deviation == {"a": pytest.approx(np.sqrt(20 / 4)), "b": 0.0}


def test_few_repeats_tell_no_noise_and_nothing_is_better() -> None:
    rows = [row(0, np.ones(3)), row(1, np.zeros(3))]
    again = [row(2, np.ones(3), 0), row(3, np.zeros(3), 1)]
    found = best_of(rows, again)
    assert found.noise is not None
    assert not found.noise.known
    assert [layer.on_front for layer in found.layers] == [True, True]


def test_without_repeats_differences_count_as_they_stand() -> None:
    found = best_of([row(0, np.ones(3)), row(1, np.zeros(3))], [])
    assert found.noise is None
    assert [layer.on_front for layer in found.layers] == [True, False]


@pytest.mark.parametrize(
    ("gain", "seeds", "expected"),
    [
        ((0.3, 0.0), (1, 1), True),  # 2 * 0.1 * sqrt(2) = 0.283
        ((0.27, 0.0), (1, 1), False),
        ((0.27, 0.0), (3, 3), True),  # 0.163
        ((0.21, 0.0), (1, 9), False),  # 0.211: the layer with one seed decides
        ((0.9, -0.001), (9, 9), False),  # worse somewhere
    ],
)
def test_a_difference_must_exceed_two_standard_errors(
    gain: tuple[float, float], seeds: tuple[int, int], expected: bool
) -> None:
    points = np.array([gain, (0.0, 0.0)])
    found = better(points, np.array(seeds), np.array([0.1, 0.1]))
    assert found.tolist() == [[False, expected], [False, False]]


def test_costs_are_certain() -> None:
    points = np.array([[-2.0, 0.5], [-3.0, 0.5]])
    assert better(points, np.array([1, 1]), np.array([0.0, np.inf]))[0, 1]


value = st.integers(0, 6).map(lambda n: n / 10)


@settings(deadline=None)
@given(
    layers=st.lists(st.tuples(st.tuples(value, value), st.integers(1, 5)), min_size=1, max_size=9),
    deviation=st.tuples(st.sampled_from([0.0, 0.05, 0.2]), st.sampled_from([0.0, 0.05, 0.2])),
)
def test_it_is_a_part_of_dominance_so_a_front_is_never_empty(
    layers: list[tuple[tuple[float, float], int]], deviation: tuple[float, float]
) -> None:
    points = np.array([point for point, _ in layers])
    seeds = np.array([count for _, count in layers])
    found = better(points, seeds, np.array(deviation))
    assert not (found & ~dominates(points)).any()
    assert not found.any(axis=0).all()
    assert (better(points, seeds, np.zeros(2)) == dominates(points)).all()


def test_against_simulated_truth_the_share_of_false_claims_and_fronts_falls() -> None:
    single = shares(1, pools=40)
    assert single.wrong > 0.14
    assert single.left_out > 0.29
    assert single.beaten > 0.6
    three, five = shares(3, pools=40), shares(5, pools=40)
    for several in (three, five):
        assert several.wrong < single.wrong / 3
        assert several.left_out < single.left_out / 2
    assert five.beaten < three.beaten < single.beaten


def test_a_search_with_further_seeds_shows_a_layer_about_as_good_first() -> None:
    plain = np.mean([search(EvolutionConfig(), seed, budget=300) for seed in range(8)], axis=0)
    with_seeds = EvolutionConfig(seeds=3)
    again = np.mean([search(with_seeds, seed, budget=300) for seed in range(8)], axis=0)
    assert (np.abs(again - plain) < 0.05).all()
    assert (plain > 0.6).all()


def test_the_estimate_is_the_noise_that_was_put_in() -> None:
    found, _ = pool(0, 5)
    assert found.noise is not None
    assert found.noise.degrees == 160
    for deviation in found.noise.deviation.values():
        assert deviation == pytest.approx(0.05, rel=0.2)
