"""Pareto dominance over scores per anchor: at least as good on every anchor, better on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Scores = Mapping[str, float]


def dominates(a: Scores, b: Scores) -> bool:
    """Whether `a` dominates `b`; scores on different anchors are never compared."""
    return a.keys() == b.keys() and a != b and all(a[anchor] >= b[anchor] for anchor in a)


def front(points: Sequence[Scores]) -> list[int]:
    """The indices of the points that no other one dominates, ascending; equal points all stay."""
    members: list[int] = []
    for index, point in enumerate(points):
        if any(dominates(points[member], point) for member in members):
            continue
        members = [member for member in members if not dominates(point, points[member])]
        members.append(index)
    return members
