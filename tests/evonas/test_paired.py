"""The paired test and its correction, against independent references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from evonas.paired import holm, paired_t

PS = st.lists(st.floats(0, 1), max_size=12)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
def test_p_is_that_of_scipy(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    differences = (a - b).tolist()
    if np.std(differences) < 1e-6:
        return
    assert paired_t(differences) == pytest.approx(ttest_rel(a, b).pvalue, abs=1e-9)


@pytest.mark.parametrize("differences", [[], [0.1], [0.0, 0.0, 0.0], [0.1, 0.1, 0.1 + 1e-17]])
def test_differences_without_spread_tell_nothing(differences: list[float]) -> None:
    assert paired_t(differences) == 1


@given(PS, st.floats(0.001, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(ps: list[float], level: float) -> None:
    rejected = set()
    for step, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        if (len(ps) - step) * ps[place] >= level:
            break
        rejected.add(place)
    assert {i for i, p in enumerate(holm(ps)) if p < level} == rejected


def test_holm_of_a_known_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_false_claims_are_rare_when_nothing_differs() -> None:
    """Of 400 tables of 12 comparisons without any difference, about one in twenty claims one."""
    rng = np.random.default_rng(3)
    claims = 0
    for _ in range(400):
        ps = [paired_t(row.tolist()) for row in rng.normal(size=(12, 5))]
        claims += min(holm(ps)) < 0.05
    assert 5 <= claims <= 35
