"""Pareto dominance over scores per anchor: at least as good on every anchor, better on one."""

from __future__ import annotations

from collections.abc import Mapping

Scores = Mapping[str, float]


def dominates(a: Scores, b: Scores) -> bool:
    """Whether `a` dominates `b`; scores on different anchors are never compared."""
    if a.keys() != b.keys():
        return False
    # No generator: this runs for every member of the front at every commit.
    for anchor, score in a.items():
        if score < b[anchor]:
            return False
    return a != b


class Front:
    """The scored candidates, by number, that no other one dominates; equal ones all stay."""

    def __init__(self, members: Mapping[int, Scores] | None = None) -> None:
        self.members: dict[int, Scores] = dict(members or {})

    def add(self, number: int, scores: Scores) -> None:
        """Takes the candidate in unless it is dominated, and drops those that it dominates."""
        if any(dominates(member, scores) for member in self.members.values()):
            return
        for other in [n for n, member in self.members.items() if dominates(scores, member)]:
            del self.members[other]
        self.members[number] = scores
