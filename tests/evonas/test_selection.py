"""Selection by its statistics."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from operator import ge

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.config_sections import EvolutionConfig
from evonas.population import Member, Population, Window
from evonas.selection import choose_ancestors, crowding, hypervolume
from search_spaces.mutation import MutationWeights
from tests.benchmarks.front_noise import row
from tests.benchmarks.selection_pressure import inheritance


def test_hypervolume_of_two_rectangles() -> None:
    assert hypervolume([{"a": 0.5, "b": 1.0}, {"a": 1.0, "b": 0.5}]) == pytest.approx(0.75)
    assert hypervolume([]) == 0.0


def member(number: int, a: float, b: float) -> Member:
    return Member(number, f"graph {number}", {"a": a, "b": b})


def turns(slot: int, window: Window, config: EvolutionConfig) -> list[int | None]:
    """The numbers of a slot's parents."""
    found = [one.parent for one in choose_ancestors(slot, window, config, run_seed=1)]
    return [None if parent is None else parent.number for parent in found]


def chosen(
    population: Population, config: EvolutionConfig, slots: int = 400
) -> Counter[int | None]:
    window = population.window()
    return Counter(turns(slot, window, config)[0] for slot in range(100, 100 + slots))


def test_fresh_graphs_come_as_often_as_configured() -> None:
    window = Population(64)
    window.add(member(0, 0.5, 0.5))
    counts = chosen(window, EvolutionConfig(fresh_probability=0.5))
    assert 160 <= counts[None] <= 240
    assert chosen(Population(64), EvolutionConfig(fresh_probability=0.0)) == {None: 400}


def test_random_search_has_no_parents() -> None:
    window = Population(64)
    window.add(member(0, 0.5, 0.5))
    config = EvolutionConfig(strategy="random", fresh_probability=0.0)
    assert chosen(window, config) == {None: 400}


def test_donors_are_other_members_of_the_window() -> None:
    population = Population(8)
    for number in range(100):
        population.add(member(number, number, 0))
    window = population.window()
    grafts = EvolutionConfig(
        fresh_probability=0.0, winner="average", mutation=MutationWeights(graft=1.0)
    )
    pairs = Counter(
        (found.parent.number, found.donor.number)
        for slot in range(100)
        for found in choose_ancestors(slot, window, grafts, run_seed=0)
        if found.parent and found.donor
    )
    everyone = range(92, 100)
    assert set(pairs) == {(one, other) for one in everyone for other in everyone if one != other}
    assert max(pairs.values()) < 40  # of 100, 14 are expected
    alone = Population(8)
    alone.add(member(0, 0, 0))
    first = next(choose_ancestors(50, alone.window(), grafts, run_seed=1))
    assert (first.parent, first.donor) == (member(0, 0, 0), None)
    paper = EvolutionConfig(fresh_probability=0.0)
    assert next(choose_ancestors(50, window, paper, run_seed=1)).donor is None


@settings(deadline=None)
@given(
    count=st.integers(0, 12),
    winner=st.sampled_from(("pareto", "average", "crowding")),
    slot=st.integers(0, 1000),
)
def test_every_member_has_one_turn_and_fresh_graphs_come_last(
    count: int, winner: str, slot: int
) -> None:
    population = Population(8)
    for number in range(count):
        population.add(member(number, number % 3, -number))
    config = EvolutionConfig.model_validate({"fresh_probability": 0.5, "winner": winner})
    window = population.window()
    found = turns(slot, window, config)
    assert found.pop() is None
    assert len(set(found)) == len(found)
    assert not found or set(found) == {one.number for one in window}
    assert turns(slot, window, config) == [*found, None]


def test_the_better_ones_have_their_turns_first() -> None:
    population = Population(8)
    for number in range(8):
        population.add(member(number, number, number))
    config = EvolutionConfig(fresh_probability=0.0, tournament_least=8)
    assert turns(3, population.window(), config) == [7, 6, 5, 4, 3, 2, 1, 0, None]


def test_winner_is_on_the_front_of_its_tournament() -> None:
    window = Population(64)
    for number, (a, b) in enumerate([(0.9, 0.1), (0.1, 0.9), (0.6, 0.6), (0.5, 0.5)]):
        window.add(member(number, a, b))
    everyone = {"fresh_probability": 0.0, "tournament_least": 4}
    pareto = chosen(window, EvolutionConfig(winner="pareto", **everyone))
    assert set(pareto) == {0, 1, 2}
    assert min(pareto.values()) > 90
    assert chosen(window, EvolutionConfig(winner="average", **everyone)) == {2: 400}


def test_the_least_crowded_of_the_first_front_wins() -> None:
    window = Population(64)
    points = [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.52, 0.48), (0.3, 0.7), (0.2, 0.2), (0.1, 0.1)]
    for number, (a, b) in enumerate(points):
        window.add(member(number, a, b))
    settings = {"fresh_probability": 0.0, "winner": "crowding"}
    everyone = chosen(window, EvolutionConfig(tournament_least=7, **settings))
    assert everyone == {0: 400}  # both ends have all the room; the older one wins
    one = chosen(window, EvolutionConfig(tournament_least=1, **settings))
    assert set(one) == set(range(7))
    few = chosen(window, EvolutionConfig(tournament_least=4, **settings))
    assert few[0] + few[1] > 300
    assert few[2] < few[3]  # of neighbours, the one with more room to its other side
    assert not few[5] + few[6]  # four are drawn of seven, so one of the first front is among them


def brute_ranks(points: list[tuple[float, float]]) -> list[int]:
    left, ranks, rank = set(range(len(points))), [0] * len(points), 0
    while left:
        front = {
            i
            for i in left
            if not any(points[j] != points[i] and all(map(ge, points[j], points[i])) for j in left)
        }
        for i in front:
            ranks[i] = rank
        left, rank = left - front, rank + 1
    return ranks


@settings(deadline=None)
@given(
    points=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda p: (p[0] / 5, p[1] / 5)),
        min_size=1,
        max_size=12,
    ),
    least=st.integers(1, 6),
    slot=st.integers(0, 1000),
)
def test_no_member_of_the_tournament_is_on_an_earlier_front_than_its_winner(
    points: list[tuple[float, float]], least: int, slot: int
) -> None:
    window = Population(12)
    for number, (a, b) in enumerate(points):
        window.add(member(number, a, b))
    config = EvolutionConfig(
        fresh_probability=0.0, winner="crowding", tournament_least=least, lag=1, window=12
    )
    winner = next(choose_ancestors(slot, window.window(), config, run_seed=3)).parent
    assert winner is not None
    rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(0, slot)))
    rng.random()
    tournament = rng.permutation(len(points))[: max(least, 1)].tolist()
    ranks = brute_ranks(points)
    assert winner.number in tournament
    assert ranks[winner.number] == min(ranks[i] for i in tournament)


def test_crowding_by_hand() -> None:
    front = np.array([[0.0, 10.0], [1.0, 5.0], [4.0, 0.0]])
    assert crowding(front).tolist() == [np.inf, 2.0, np.inf]
    assert crowding(np.array([[1.0, 1.0]])).tolist() == [0.0]
    same = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 2.0]])
    assert crowding(same)[1] == 1.0


def test_each_child_is_counted_with_its_parent_once() -> None:
    """Most parents have the best score, so that quantiles of their scores are equal."""
    scores = [0.1, 0.5, 0.5, 0.5]
    rows = [row(number, np.full(3, score)) for number, score in enumerate(scores)]
    parents = [0, 1, 1, 2, 2, 3, 3, 3, 3, 3]
    rows += [replace(row(4 + i, np.full(3, 0.3)), parent=p) for i, p in enumerate(parents)]
    rows += [row(14, np.full(3, 0.9), of=1)]  # a further seed is nobody's child, and no layer
    head, *lines = inheritance(rows)
    assert head.endswith("above 0.500")
    assert [int(line.split()[3]) for line in lines] == [1, 0, 0, 9]
    assert list(inheritance(rows[:4])) == ["no candidate has a parent"]
