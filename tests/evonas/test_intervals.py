"""Intervals agree with scipy's own, and cover what they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evonas.intervals import interval, proportion


@pytest.mark.parametrize("values", [[0.1, 0.2], [0.5, 0.52, 0.47, 0.5], [0.3, 0.3, 0.3]])
def test_the_interval_is_student_s(values: list[float]) -> None:
    found = interval(values)
    assert found is not None
    assert found.half is not None
    assert found.mean == pytest.approx(float(np.mean(values)))
    if len(set(values)) == 1:
        assert found.half == pytest.approx(0, abs=1e-15)
        return
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high))


def test_it_covers_the_mean_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for values in rng.normal(0.5, 0.1, (2000, 4)):
        found = interval(values.tolist())
        assert found is not None
        assert found.half is not None
        hits += abs(found.mean - 0.5) <= found.half
    assert 0.935 < hits / 2000 < 0.965


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    assert interval([]) is None
    one = interval([0.25])
    assert one is not None
    assert (one.mean, one.half, str(one)) == (0.25, None, "0.250")
    assert str(interval([0.25, 0.25])) == "0.250 ± 0.000"


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 60), (1, 60), (7, 20), (200, 200)])
def test_a_proportion_has_the_exact_interval(count: int, of: int) -> None:
    exact = stats.binomtest(count, of).proportion_ci(0.95, "exact")
    assert proportion(count, of) == pytest.approx((exact.low, exact.high))
