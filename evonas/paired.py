"""Differences between layers that were trained on the same seeds, and which of them are real."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

LEVEL = 0.05


def paired_t(differences: Sequence[float]) -> float:
    """The two-sided p of Student's t-test that the mean of paired differences is 0.

    As if the differences were drawn independently from one normal distribution. 1 for fewer than
    two, and for differences without any spread, of which the test can say nothing.
    """
    if len(differences) < 2:
        return 1.0
    spread = statistics.stdev(differences)
    if spread <= 1e-12:  # accuracies are shares of at most a million examples: this is rounding
        return 1.0
    from scipy.special import stdtr

    t = statistics.fmean(differences) / (spread / math.sqrt(len(differences)))
    return float(2 * stdtr(len(differences) - 1, -abs(t)))


def holm(ps: Sequence[float]) -> list[float]:
    """The p of each of several tests, adjusted so that those below a level are all true with a
    probability of at least 1 - level, however the tests depend on each other (Holm 1979).
    """
    adjusted = [1.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = largest
    return adjusted
