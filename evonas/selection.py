"""Selection: tournaments over the window, with the winner drawn from the tournament's Pareto front.

Source: regularized evolution (Real, Aggarwal, Huang, Le 2019) with the multi-objective winner of
Liu, Brock, Simonyan and Le (2020): a random member of the tournament's Pareto front over the
anchors' accuracies, or, as the alternative, the best mean.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import moocore
import numpy as np
from numpy.typing import NDArray

from evonas.config_sections import EvolutionConfig
from results_db.front import Scores, matrix, nondominated_rows

# Words that keep the driver's random streams apart from those of the attempts.
_PARENT_STREAM, _DONOR_STREAM = 0, 1


@dataclass(frozen=True, slots=True)
class Member:
    """A scored candidate that may become a parent."""

    number: int
    graph_json: str
    scores: dict[str, float]


class Window:
    """The latest scored candidates, each kept as long as a slot may still ask for it."""

    def __init__(self, size: int, lag: int) -> None:
        self._size = size
        self._kept = size + lag
        self._members: list[Member] = []
        self._points = np.empty((2 * self._kept, 0))  # a row for each member, anchors by name

    def add(self, member: Member) -> None:
        """Append a candidate; numbers ascend, and all are scored on the same anchors."""
        count = len(self._members)
        if count == 0:
            self._points = np.empty((2 * self._kept, len(member.scores)))
        elif count == 2 * self._kept:
            del self._members[: -self._kept]
            self._points[: self._kept] = self._points[self._kept :]
            count = self._kept
        self._members.append(member)
        self._points[count] = [member.scores[anchor] for anchor in sorted(member.scores)]

    def as_of(self, number: int) -> range:
        """Places of the latest `size` members whose number is not above `number`."""
        end = bisect_right(self._members, number, key=attrgetter("number"))
        return range(max(0, end - self._size), end)

    def __getitem__(self, place: int) -> Member:
        return self._members[place]

    def points(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """The scores of these members, len(places) x anchors."""
        return self._points[places]


def choose_parent(
    slot: int, window: Window, config: EvolutionConfig, run_seed: int
) -> Member | None:
    """The parent of a slot, a function of seed, slot and the history up to `slot - lag`; None: a
    fresh graph.
    """
    rng = np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(_PARENT_STREAM, slot)))
    if rng.random() < config.fresh_probability:
        return None
    places = window.as_of(slot - config.lag)
    if not places:
        return None
    size = max(config.tournament_least, math.ceil(config.tournament_share * len(places)))
    tournament = places.start + np.sort(rng.permutation(len(places))[:size])
    points = window.points(tournament)
    if config.winner == "average":
        best = int(points.sum(axis=1).argmax())  # the oldest of equals
    else:
        front = nondominated_rows(points)
        best = front[int(rng.integers(len(front)))]
    return window[int(tournament[best])]


def choose_donor(
    parent: Member, slot: int, window: Window, config: EvolutionConfig, run_seed: int
) -> Member | None:
    """Of whom a piece may be grafted onto the parent: any other member of the window, all equally
    likely; None if there is none. Like the parent a function of seed, slot and history.
    """
    rng = np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(_DONOR_STREAM, slot)))
    places = window.as_of(slot - config.lag)
    if len(places) < 2:
        return None
    of_parent = window.as_of(parent.number)[-1]
    drawn = places[int(rng.integers(len(places) - 1))]
    return window[drawn if drawn < of_parent else drawn + 1]


def hypervolume(scores: Sequence[Scores]) -> float:
    """Volume that the front dominates above accuracy 0 on every anchor; 0 without scores."""
    if not scores:
        return 0.0
    values = matrix(scores)
    return float(moocore.hypervolume(values, ref=[0.0] * values.shape[1], maximise=True))
