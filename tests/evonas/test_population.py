"""The population as slots see it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.population import Member, Population
from results_db.records import CandidateRecord
from workers.verdict import Verdict


def row(number: int, score: float, **fields: object) -> CandidateRecord:
    known: dict[str, object] = {
        "verdict": Verdict.SCORED,
        "graph_json": f"graph {number}",
        "scores": {"a": score, "b": 1 - score},
    }
    return CandidateRecord(number=number, **{**known, **fields})  # type: ignore[arg-type]


def filled(rows: list[CandidateRecord], size: int = 3, late: int = 2) -> Population:
    population = Population(size, late)
    for one in rows:
        population.take(one)
    return population


def numbers(population: Population) -> list[int]:
    return [member.number for member in population.window()]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["scored", "unstable", "duplicate"]), max_size=40))
def test_the_window_is_the_latest_scored_candidates(verdicts: list[str]) -> None:
    rows = [row(i, i / 100, verdict=verdict) for i, verdict in enumerate(verdicts)]
    population = filled(rows)
    scored = [i for i, verdict in enumerate(verdicts) if verdict == "scored"]
    assert numbers(population) == scored[-3:]
    expected = np.array([[i / 100, 1 - i / 100] for i in scored[-3:]]).reshape(-1, 2)
    assert population.window().points.tolist() == expected.tolist() or not scored


def test_a_further_seed_counts_in_the_mean() -> None:
    first = [row(0, 0.5), row(1, 0.25)]
    population = filled([*first, row(2, 1.0, repeat_of=0, seed_index=1)])
    assert numbers(population) == [0, 1]
    member = population.window()[0]
    assert (member.scores, member.seeds) == ({"a": 0.75, "b": 0.25}, 2)
    assert population.window().points.tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_a_layer_that_falls_on_a_further_seed_is_no_parent() -> None:
    fallen = row(2, 0.0, repeat_of=0, verdict=Verdict.UNSTABLE, scores={})
    population = filled([row(0, 0.5), row(1, 0.25), fallen])
    assert numbers(population) == [1]
    assert population.window().points.tolist() == [[0.25, 0.75]]


def test_a_failure_of_the_machine_says_nothing() -> None:
    lost = row(2, 0.0, repeat_of=0, verdict=Verdict.TIMEOUT, scores={})
    population = filled([row(0, 0.5), row(1, 0.25), lost])
    assert numbers(population) == [0, 1]
    assert population.window()[0].seeds == 1


def test_a_further_seed_may_come_when_the_layer_has_just_left() -> None:
    rows = [row(i, 0.5) for i in range(5)]  # 0 and 1 have left the window of 3
    population = filled([*rows, row(5, 1.0, repeat_of=0), row(6, 1.0, repeat_of=4)])
    assert numbers(population) == [2, 3, 4]
    assert [member.seeds for member in population.window()] == [1, 1, 2]


def test_a_window_stays_as_it_was_when_more_is_committed() -> None:
    population = filled([row(i, 0.5) for i in range(3)])
    window = population.window()
    population.take(row(3, 1.0, repeat_of=1))
    for number in range(4, 20):  # more than are ever kept
        population.take(row(number, 0.25))
    assert [(member.number, member.seeds) for member in window] == [(0, 1), (1, 1), (2, 1)]
    assert window.points.tolist() == [[0.5, 0.5]] * 3


def test_costs_count_as_objectives_of_which_less_is_better() -> None:
    population = Population(3)
    population.add(Member(0, "g", {"b": 0.5, "a": 0.25}, {"passes": 4.0}))
    assert population.window().points.tolist() == [[-4.0, 0.25, 0.5]]
