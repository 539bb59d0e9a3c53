"""Means with intervals from few values."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """mean, and the half-width of its 95 % interval; None for a single value."""

    mean: float
    half: float | None

    def __str__(self) -> str:
        return f"{self.mean:.3f}" if self.half is None else f"{self.mean:.3f} ± {self.half:.3f}"


def proportion(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a probability that showed `count` times in `of` independent trials.

    By Clopper and Pearson (1934), which covers at least so much however few the trials are.
    """
    from scipy.special import betaincinv

    tail = (1 - _LEVEL) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return low, high


def interval(values: Sequence[float]) -> Interval | None:
    """By Student's t, as if the values were drawn independently from one normal distribution.

    None for no value at all.
    """
    if not values:
        return None
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval(mean, None)
    from scipy.special import stdtrit

    factor = float(stdtrit(len(values) - 1, 0.5 + _LEVEL / 2))
    return Interval(mean, factor * statistics.stdev(values) / math.sqrt(len(values)))
