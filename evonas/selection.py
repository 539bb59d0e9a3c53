"""Selection: tournaments over the population, with the winner drawn from the tournament's front.

Sources: regularized evolution (Real, Aggarwal, Huang, Le 2019) with the multi-objective winner of
Liu, Brock, Simonyan and Le (2020): a random member of the tournament's Pareto front over the
anchors' accuracies, or, as the alternative, the best mean. Non-dominated sorting with crowding as
in NSGA-II (Deb, Pratap, Agarwal, Meyarivan 2002), whose population here ages like the others'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import moocore
import numpy as np
from numpy.typing import NDArray

from evonas.config_sections import EvolutionConfig
from evonas.population import Member, Window
from results_db.front import Scores, matrix, nondominated_rows, scores_of

# Words that keep the driver's random streams apart from those of the attempts.
_PARENT_STREAM, _DONOR_STREAM = 0, 1
WARM_STREAM, REPEAT_STREAM = 2, 3

Rng = np.random.Generator
Places = NDArray[np.int64]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ancestors:
    """Of whom a candidate is bred: a parent, or None for a fresh graph, and whose pieces may be
    grafted onto it.
    """

    parent: Member | None = None
    donor: Member | None = None


def stream(run_seed: int, word: int, slot: int, turn: int = 0) -> Rng:
    """The random numbers of one slot for one purpose, and for one of its turns."""
    key = (word, slot, turn) if turn else (word, slot)
    return np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=key))


def choose_ancestors(
    slot: int, window: Window, config: EvolutionConfig, run_seed: int
) -> Iterator[Ancestors]:
    """Of whom a slot is bred, turn after turn: a function of seed, slot and the window as of
    `slot - lag`.

    Every turn has a parent that no turn before had. The last one, at once for some slots, asks for
    fresh graphs.
    """
    rng = stream(run_seed, _PARENT_STREAM, slot)
    if config.strategy == "evolution" and rng.random() >= config.fresh_probability:
        left = np.arange(len(window))
        turn = 0
        while left.size:
            parent = _winner(window, left, config, rng)
            donor = None
            if config.mutation.graft:
                donor = _donor(parent, window, stream(run_seed, _DONOR_STREAM, slot, turn))
            yield Ancestors(window[parent], donor)
            left = left[left != parent]
            turn += 1
            rng = stream(run_seed, _PARENT_STREAM, slot, turn)
    yield Ancestors()


def _winner(window: Window, places: Places, config: EvolutionConfig, rng: Rng) -> int:
    """Of a tournament among these."""
    size = max(config.tournament_least, math.ceil(config.tournament_share * len(places)))
    tournament = places[np.sort(rng.permutation(len(places))[:size])]
    return WINNERS[config.winner](window.points, tournament, rng)


def _donor(parent: int, window: Window, rng: Rng) -> Member | None:
    """Of whom a piece may be grafted onto the parent: any other member of the window, all equally
    likely; None if there is none.
    """
    others = len(window) - 1
    if others == 0:
        return None
    drawn = int(rng.integers(others))
    return window[drawn + (drawn >= parent)]


def choose_repeat(
    slot: int,
    window: Window,
    asked: Mapping[int, int],
    config: EvolutionConfig,
    run_seed: int,
    first: int = 0,
) -> tuple[Member, int] | None:
    """Which member a slot evaluates once more, and with which seed index; None: the slot is for a
    new layer.

    Of the members on the front of the window by their means, the one with the fewest evaluations,
    the oldest of equals, that has had fewer than `config.seeds`. `asked`: how many further seeds
    the slots before asked for, by candidate. Only candidates from number `first` on. Again a
    function of seed, slot and history.
    """
    if config.seeds == 1:
        return None
    if stream(run_seed, REPEAT_STREAM, slot).random() >= config.seeds_share:
        return None
    if not len(window):
        return None
    front = [window[place] for place in nondominated_rows(window.points)]
    counts = {
        member.number: 1 + asked.get(member.number, 0) for member in front if member.number >= first
    }
    fewest = min(counts.values(), default=config.seeds)
    if fewest >= config.seeds:
        return None
    return next((m, fewest) for m in front if counts.get(m.number) == fewest)


def _from_front(points: Points, tournament: Places, rng: Rng) -> int:
    front = nondominated_rows(points[tournament])
    return int(tournament[front[int(rng.integers(len(front)))]])


def _best_mean(points: Points, tournament: Places, rng: Rng) -> int:
    return int(tournament[points[tournament].sum(axis=1).argmax()])  # the oldest


def _least_crowded(points: Points, tournament: Places, rng: Rng) -> int:
    """Of the first front that the tournament meets, sorted over the whole population, the member
    with the most room around it; the oldest of equals.
    """
    ranks = moocore.pareto_rank(points, maximise=True)
    front = np.flatnonzero(ranks == ranks[tournament].min())
    room = dict(zip(front.tolist(), crowding(points[front]).tolist(), strict=True))
    places: list[int] = [i for i in tournament.tolist() if i in room]
    return max(places, key=room.__getitem__)


# Name in the config -> place of the winner, given everybody's points and the tournament's places.
WINNERS: dict[str, Callable[[Points, Places, Rng], int]] = {
    "pareto": _from_front,
    "average": _best_mean,
    "crowding": _least_crowded,
}


def crowding(points: Points) -> Points:
    """The crowding distance of each point of a front: the sum over the objectives of the gap
    between its neighbours, as a share of the front's extent; infinite at both ends.

    Source: Deb et al. (2002), section III B.
    """
    distance = np.zeros(len(points))
    for values in points.T:
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        extent = ordered[-1] - ordered[0]
        if extent > 0:  # else the objective does not tell them apart
            gaps = np.full(len(points), np.inf)
            gaps[1:-1] = (ordered[2:] - ordered[:-2]) / extent
            distance[order] += gaps
    return distance


def hypervolume(front: Iterable[Scores]) -> float:
    """Volume that the front dominates above accuracy 0 on every anchor; 0 without scores. Costs
    among its objectives are left out.
    """
    scores = [scores_of(point) for point in front]
    if not scores:
        return 0.0
    values = matrix(scores)
    return float(moocore.hypervolume(values, ref=[0.0] * values.shape[1], maximise=True))
