"""Selection: tournaments over the population, with the winner drawn from the tournament's front.

Sources: regularized evolution (Real, Aggarwal, Huang, Le 2019) with the multi-objective winner of
Liu, Brock, Simonyan and Le (2020): a random member of the tournament's Pareto front over the
anchors' accuracies, or, as the alternative, the best mean. Non-dominated sorting with crowding as
in NSGA-II (Deb, Pratap, Agarwal, Meyarivan 2002), whose population here ages like the others'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import moocore
import numpy as np
from numpy.typing import NDArray

from evonas.config_sections import EvolutionConfig
from evonas.population import Member, Population
from results_db.front import Scores, matrix, nondominated_rows, scores_of

# Words that keep the driver's random streams apart from those of the attempts.
_PARENT_STREAM, _DONOR_STREAM = 0, 1
WARM_STREAM, REPEAT_STREAM = 2, 3

Rng = np.random.Generator
Places = NDArray[np.int64]


def stream(run_seed: int, word: int, slot: int) -> Rng:
    """The random numbers of one slot for one purpose."""
    return np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(word, slot)))


def choose_parent(
    slot: int, population: Population, config: EvolutionConfig, run_seed: int
) -> Member | None:
    """The parent of a slot, a function of seed, slot and the population as of `slot - lag`; None: a
    fresh graph.
    """
    if config.strategy == "random":
        return None
    rng = stream(run_seed, _PARENT_STREAM, slot)
    if rng.random() < config.fresh_probability:
        return None
    places = population.places()
    if not places.size:
        return None
    size = max(config.tournament_least, math.ceil(config.tournament_share * len(places)))
    tournament = places[np.sort(rng.permutation(len(places))[:size])]
    return population[WINNERS[config.winner](population, places, tournament, rng)]


def choose_donor(parent: Member, slot: int, population: Population, run_seed: int) -> Member | None:
    """Of whom a piece may be grafted onto the parent: any other member of the window, all equally
    likely; None if there is none. Like the parent a function of seed, slot and history.
    """
    places = population.places()
    others = places[places != population.place_of(parent.number)]
    if not others.size:
        return None
    return population[int(others[stream(run_seed, _DONOR_STREAM, slot).integers(len(others))])]


def choose_repeat(
    slot: int,
    population: Population,
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
    places = population.places()
    if not places.size:
        return None
    front = [population[place] for place in places[nondominated_rows(population.points(places))]]
    counts = {
        member.number: 1 + asked.get(member.number, 0) for member in front if member.number >= first
    }
    fewest = min(counts.values(), default=config.seeds)
    if fewest >= config.seeds:
        return None
    return next((m, fewest) for m in front if counts.get(m.number) == fewest)


def _from_front(population: Population, places: Places, tournament: Places, rng: Rng) -> int:
    front = nondominated_rows(population.points(tournament))
    return int(tournament[front[int(rng.integers(len(front)))]])


def _best_mean(population: Population, places: Places, tournament: Places, rng: Rng) -> int:
    return int(tournament[population.points(tournament).sum(axis=1).argmax()])  # the oldest


def _least_crowded(population: Population, places: Places, tournament: Places, rng: Rng) -> int:
    """Of the first front that the tournament meets, sorted over the whole population, the member
    with the most room around it; the oldest of equals.
    """
    points = population.points(places)
    ranks = moocore.pareto_rank(points, maximise=True)
    drawn = np.searchsorted(places, tournament)
    front = np.flatnonzero(ranks == ranks[drawn].min())
    room = dict(zip(front.tolist(), crowding(points[front]).tolist(), strict=True))
    return int(places[max((i for i in drawn.tolist() if i in room), key=room.__getitem__)])


# Name in the config -> place of the winner, given the population, all places and the tournament.
WINNERS: dict[str, Callable[[Population, Places, Places, Rng], int]] = {
    "pareto": _from_front,
    "average": _best_mean,
    "crowding": _least_crowded,
}


def crowding(points: NDArray[np.float64]) -> NDArray[np.float64]:
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
