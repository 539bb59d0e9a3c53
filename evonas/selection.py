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

from evonas.config_sections import EvolutionConfig

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

    def add(self, member: Member) -> None:
        """Append a candidate; numbers ascend."""
        self._members.append(member)
        if len(self._members) >= 2 * self._kept:
            del self._members[: -self._kept]

    def as_of(self, number: int) -> list[Member]:
        """The latest `size` members whose number is not above `number`."""
        end = bisect_right(self._members, number, key=attrgetter("number"))
        return self._members[max(0, end - self._size) : end]


def choose_parent(
    slot: int, window: Window, config: EvolutionConfig, run_seed: int
) -> Member | None:
    """The parent of a slot, a function of seed, slot and the history up to `slot - lag`; None: a
    fresh graph.
    """
    rng = np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(_PARENT_STREAM, slot)))
    if rng.random() < config.fresh_probability:
        return None
    members = window.as_of(slot - config.lag)
    if not members:
        return None
    size = max(config.tournament_least, math.ceil(config.tournament_share * len(members)))
    entered = rng.permutation(len(members))[:size]
    tournament: list[Member] = [members[i] for i in sorted(entered.tolist())]
    if config.winner == "average":
        return max(tournament, key=lambda m: (sum(m.scores.values()), -m.number))
    front = pareto_front([m.scores for m in tournament])
    return tournament[front[int(rng.integers(len(front)))]]


def choose_donor(
    parent: Member, slot: int, window: Window, config: EvolutionConfig, run_seed: int
) -> Member | None:
    """Of whom a piece may be grafted onto the parent: any other member of the window, all equally
    likely; None if there is none. Like the parent a function of seed, slot and history.
    """
    rng = np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(_DONOR_STREAM, slot)))
    others = [m for m in window.as_of(slot - config.lag) if m.number != parent.number]
    return others[int(rng.integers(len(others)))] if others else None


def pareto_front(scores: Sequence[dict[str, float]]) -> list[int]:
    """Positions of those that no other one dominates; equal ones all count."""
    kept = moocore.is_nondominated(_matrix(scores), maximise=True, keep_weakly=True)
    return [int(i) for i in np.flatnonzero(kept)]


def hypervolume(scores: Sequence[dict[str, float]]) -> float:
    """Volume that the front dominates above accuracy 0 on every anchor; 0 without scores."""
    if not scores:
        return 0.0
    matrix = _matrix(scores)
    return float(moocore.hypervolume(matrix, ref=[0.0] * matrix.shape[1], maximise=True))


def _matrix(
    scores: Sequence[dict[str, float]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    anchors = sorted(scores[0])
    return np.array([[s[anchor] for anchor in anchors] for s in scores], dtype=np.float64)
