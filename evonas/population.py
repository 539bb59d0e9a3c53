"""The population: the latest scored candidates, as a slot sees them.

Source: the window of regularized evolution (Real, Aggarwal, Huang, Le 2019).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, islice
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from results_db.front import objectives
from results_db.records import REJECTED, CandidateRecord
from workers.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Member:
    """A scored candidate that may become a parent.

    scores: validation accuracy by anchor, the mean over `seeds` evaluations; costs: less is better.
    """

    number: int
    graph_json: str
    scores: dict[str, float]
    costs: dict[str, float] = field(default_factory=dict)
    seeds: int = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Who may be drawn, oldest first, as one slot sees them: what is committed later changes
    nothing here.

    points: objectives, members x objectives, more is better.
    """

    points: NDArray[np.float64]
    _members: list[Member]  # shared with the population, which only appends to it
    _first: int = 0

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, place: int) -> Member:
        return self._members[self._first + place]

    def __iter__(self) -> Iterator[Member]:
        return islice(self._members, self._first, self._first + len(self))


class Population:
    """The latest `size` scored candidates after exactly the rows that were taken in. What windows
    show of it is never written to.

    `late`: how many rows after a candidate left the window one may still evaluate it again.
    """

    def __init__(self, size: int, late: int = 0) -> None:
        self._size = size
        self._kept = size + late
        self._members: list[Member] = []
        self._points = np.empty((2 * self._kept, 0))  # a row for each member, objectives by name
        self._scores: dict[int, list[dict[str, float]]] = {}  # of members with several seeds
        self._rejected: set[int] = set()  # members that a protocol rejected on a further seed

    def take(self, row: CandidateRecord) -> None:
        """Take in the next row of the history, whatever it is."""
        if row.repeat_of is not None:
            self._repeat(row, row.repeat_of)
        elif row.verdict == Verdict.SCORED and row.graph_json is not None:
            self.add(Member(row.number, row.graph_json, row.scores, row.costs))

    def add(self, member: Member) -> None:
        """Append a candidate; numbers ascend, and all have the same objectives."""
        point = _point(member)
        count = len(self._members)
        if count == 0:
            self._points = np.empty((2 * self._kept, len(point)))
        elif count == 2 * self._kept:
            self._forget(count - self._kept)
            count = self._kept
        self._members.append(member)
        self._points[count] = point

    @property
    def oldest(self) -> int:
        """The smallest number of a candidate that may still be evaluated again; 0 if all may."""
        return self._members[0].number if len(self._members) >= self._size else 0

    def window(self) -> Window:
        """The members that may be drawn, as of now."""
        first = max(0, len(self._members) - self._size)
        points = self._points[first : len(self._members)]
        if self._rejected:
            members = self._members[first:]
            kept = [member.number not in self._rejected for member in members]
            return Window(points[kept], list(compress(members, kept)))
        return Window(points, self._members, first)

    def seeds_of(self, number: int) -> Sequence[dict[str, float]]:
        """The scores of a member on each of its seeds, if it has several."""
        return self._scores.get(number, ())

    def _place_of(self, number: int) -> int | None:
        """Where the candidate of that number is, None if it is not here."""
        place = bisect_left(self._members, number, key=attrgetter("number"))
        here = place < len(self._members) and self._members[place].number == number
        return place if here else None

    def _repeat(self, row: CandidateRecord, number: int) -> None:
        place = self._place_of(number)
        if place is None:
            return
        if row.verdict in REJECTED:
            self._rejected.add(number)
        elif row.verdict == Verdict.SCORED:
            member = self._members[place]
            scores = self._scores.setdefault(number, [member.scores])
            scores.append(row.scores)
            means = {a: sum(one[a] for one in scores) / len(scores) for a in member.scores}
            self._members, self._points = self._members.copy(), self._points.copy()
            self._members[place] = replace(member, scores=means, seeds=len(scores))
            self._points[place] = _point(self._members[place])

    def _forget(self, oldest: int) -> None:
        for member in self._members[:oldest]:
            self._scores.pop(member.number, None)
            self._rejected.discard(member.number)
        self._members = self._members[oldest:]
        points = np.empty_like(self._points)
        points[: len(self._members)] = self._points[oldest : oldest + len(self._members)]
        self._points = points


def _point(member: Member) -> list[float]:
    values = objectives(member.scores, member.costs)
    return [values[name] for name in sorted(values)]
