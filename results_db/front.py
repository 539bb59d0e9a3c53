"""Pareto dominance: at least as good in every objective, better in one.

The objectives of a candidate are its scores, one per anchor, and its costs, negated, so that more
is better everywhere.

Tournaments and the stored front are both answered here, by moocore.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scores = Mapping[str, float]
Front = Mapping[int, Scores]  # number -> scores of the candidates that no other one dominates


def objectives(scores: Scores, costs: Mapping[str, float]) -> Scores:
    """All that counts of a candidate, more is better; a cost has a minus before its name."""
    return {**scores, **{f"-{name}": -cost for name, cost in costs.items()}}


def scores_of(point: Scores) -> Scores:
    """The scores among the objectives."""
    return {name: value for name, value in point.items() if not name.startswith("-")}


def nondominated(scores: Sequence[Scores]) -> list[int]:
    """Positions of those that no other one dominates, ascending; equal ones all count.

    Scores on different anchors are never compared.
    """
    groups: dict[frozenset[str], list[int]] = {}
    for position, one in enumerate(scores):
        groups.setdefault(frozenset(one), []).append(position)
    kept = []
    for positions in groups.values():
        points = matrix([scores[i] for i in positions])
        kept += [positions[i] for i in nondominated_rows(points)]
    return sorted(kept)


def extend(front: Front, new: Front) -> Front:
    """The front of both together, oldest first; the given ones stay as they are."""
    if not new:
        return front
    both = {**front, **new}
    numbers = sorted(both)
    return {numbers[i]: both[numbers[i]] for i in nondominated([both[n] for n in numbers])}


def matrix(scores: Sequence[Scores]) -> NDArray[np.float64]:
    """The scores as numbers x objectives, by name; all have the same ones."""
    import numpy as np

    anchors = sorted(scores[0])
    return np.array([[one[anchor] for anchor in anchors] for one in scores], dtype=np.float64)


def nondominated_rows(points: NDArray[np.float64]) -> list[int]:
    """The rows that no other one dominates, ascending; equal ones all count."""
    import moocore  # here: it takes 0.2 s, and reading commands need none of it

    kept = moocore.is_nondominated(points, maximise=True, keep_weakly=True)
    return [int(i) for i in kept.nonzero()[0]]
