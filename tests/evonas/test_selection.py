"""Selection by its statistics."""

from __future__ import annotations

from collections import Counter

import pytest

from evonas.config_sections import EvolutionConfig
from evonas.selection import Member, Window, choose_donor, choose_parent, hypervolume


def test_hypervolume_of_two_rectangles() -> None:
    assert hypervolume([{"a": 0.5, "b": 1.0}, {"a": 1.0, "b": 0.5}]) == pytest.approx(0.75)
    assert hypervolume([]) == 0.0


def member(number: int, a: float, b: float) -> Member:
    return Member(number, f"graph {number}", {"a": a, "b": b})


def test_window_forgets_the_oldest_and_hides_the_newest() -> None:
    window = Window(size=3, lag=2)
    for number in range(10):
        window.add(member(number, 0, 0))
    assert [window[i].number for i in window.as_of(8)] == [6, 7, 8]
    assert [window[i].number for i in window.as_of(9)] == [7, 8, 9]


def chosen(window: Window, config: EvolutionConfig, slots: int = 400) -> Counter[int | None]:
    parents = (choose_parent(slot, window, config, run_seed=1) for slot in range(100, 100 + slots))
    return Counter(None if parent is None else parent.number for parent in parents)


def test_fresh_graphs_come_as_often_as_configured() -> None:
    window = Window(64, 1)
    window.add(member(0, 0.5, 0.5))
    counts = chosen(window, EvolutionConfig(fresh_probability=0.5))
    assert 160 <= counts[None] <= 240
    assert chosen(Window(64, 1), EvolutionConfig(fresh_probability=0.0)) == {None: 400}


def test_donors_are_other_members_of_the_window_as_old_as_parents() -> None:
    window = Window(8, 4)
    for number in range(100):
        window.add(member(number, number, 0))
    config = EvolutionConfig(lag=4, window=8)
    parent = member(95, 0, 0)
    donors = [choose_donor(parent, 102, window, config, run_seed=seed) for seed in range(200)]
    assert {donor.number for donor in donors if donor} == {91, 92, 93, 94, 96, 97, 98}
    again = choose_donor(parent, 102, window, config, run_seed=0)
    assert again == donors[0]
    alone = Window(8, 4)
    alone.add(member(0, 0, 0))
    assert choose_donor(member(0, 0, 0), 50, alone, config, run_seed=1) is None


def test_winner_is_on_the_front_of_its_tournament() -> None:
    window = Window(64, 1)
    for number, (a, b) in enumerate([(0.9, 0.1), (0.1, 0.9), (0.6, 0.6), (0.5, 0.5)]):
        window.add(member(number, a, b))
    everyone = {"fresh_probability": 0.0, "tournament_least": 4}
    pareto = chosen(window, EvolutionConfig(winner="pareto", **everyone))
    assert set(pareto) == {0, 1, 2}
    assert min(pareto.values()) > 90
    assert chosen(window, EvolutionConfig(winner="average", **everyone)) == {2: 400}
