"""The contract of all strategies: one history, a budget spent exactly, parents fit to breed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from operator import ge
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evonas.config import load_config
from evonas.evolution import FINISHED, Stop, run_search
from evonas.objectives import costs_of
from evonas.runs import fork
from results_db import SCORED, CandidateRecord, ResultsDB, check, merge
from search_spaces.canonical import digest
from search_spaces.graph import Graph
from search_spaces.zoo import zoo_graph
from tests.evonas.search_runs import BUDGET, GRAFTS, history, ignore, small_config
from tests.evonas.simulated_pool import SimulatedPool
from workers.verdict import Verdict

LAG = 5
BREED = "evolution.fresh_probability=0.2"
WARM = ("warm_start=['EvoNorm-B0', 'BN-ReLU', 'PowerNorm']", "seed=7")
STRATEGIES: dict[str, tuple[str, ...]] = {
    "pareto": (BREED,),
    "average": (BREED, "evolution.winner=average"),
    "crowding": (BREED, "evolution.winner=crowding"),
    "grafts": GRAFTS,
    "random": ("evolution.strategy=random",),
    "costs": (BREED, "evolution.objectives=['scores', 'passes', 'kept']"),
    "costs, crowding": (
        BREED,
        "evolution.objectives=['scores', 'bytes']",
        "evolution.winner=crowding",
    ),
    "warm start": (BREED, *WARM),
    "further seeds": (BREED, "evolution.seeds=3", "evolution.seeds_share=0.4"),
    "everything": (
        *GRAFTS,
        *WARM,
        "evolution.seeds=4",
        "evolution.seeds_share=0.3",
        "evolution.winner=crowding",
        "evolution.objectives=['scores', 'passes']",
    ),
}


@dataclass(frozen=True)
class Undisturbed:
    further: tuple[str, ...]
    rows: list[CandidateRecord]


@pytest.fixture(scope="module", params=STRATEGIES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    further = STRATEGIES[request.param]
    rows, _ = history(tmp_path_factory.mktemp("undisturbed"), 1, 0, further=further)
    return Undisturbed(further, rows)


class TestEveryStrategy:
    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        workers=st.integers(1, 9),
        schedule=st.integers(1, 10**6),
        kills=st.lists(st.integers(0, 60), max_size=4).map(tuple),
    )
    def test_any_schedule_and_any_kills_write_the_same_history(
        self,
        run: Undisturbed,
        tmp_path_factory: pytest.TempPathFactory,
        workers: int,
        schedule: int,
        kills: tuple[int, ...],
    ) -> None:
        folder = tmp_path_factory.mktemp("schedule")
        rows, _ = history(folder, workers, schedule, kills, further=run.further)
        assert [r.history_row() for r in rows] == [r.history_row() for r in run.rows]

    def test_the_budget_is_spent_exactly(self, run: Undisturbed) -> None:
        assert [row.number for row in run.rows] == list(range(BUDGET))

    def test_nothing_finished_is_paid_for_twice(self, run: Undisturbed, tmp_path: Path) -> None:
        _, evaluated = history(tmp_path, 3, 5, (20, 30, 40), further=run.further)
        assert max(Counter(evaluated).values()) == 1

    def test_parents_are_old_enough_scored_and_no_duplicates(self, run: Undisturbed) -> None:
        for row in run.rows:
            for number in (row.parent, row.donor):
                if number is not None:
                    assert run.rows[number].verdict == Verdict.SCORED
                    assert number <= row.number - LAG

    def test_a_copy_of_the_run_and_a_fork_share_its_history(
        self, run: Undisturbed, tmp_path: Path
    ) -> None:
        config = small_config(further=run.further)
        with (
            ResultsDB.open(f"sqlite:///{tmp_path}/a.db") as db,
            ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as other,
        ):
            db.create_run("r", config.seed, config.to_dict(), budget=30)
            self.search(db, "r")
            assert merge(db, other) == {"r": 30}
            other.set_budget("r", BUDGET)
            fork(other, "r", "f", [f"budget={BUDGET}"], at=19)
            for name in ("r", "f"):
                self.search(other, name)
                rows = [row.history_row() for row in other.candidates(name)]
                assert rows == [row.history_row() for row in run.rows]
            assert check(other) == []

    @staticmethod
    def search(db: ResultsDB, run: str) -> None:
        pool = SimulatedPool(4, np.random.default_rng(1))
        assert run_search(db, run, pool, report=ignore, stop=Stop()) == FINISHED


def rows_of(strategy: str, folder: Path, workers: int = 2) -> list[CandidateRecord]:
    return history(folder, workers, 1, further=STRATEGIES[strategy])[0]


def test_random_search_breeds_nothing(tmp_path: Path) -> None:
    rows = rows_of("random", tmp_path)
    assert {row.parent for row in rows} == {None}
    assert Counter(row.verdict for row in rows)[SCORED] > 20


def test_costs_are_stored_and_the_front_is_over_scores_and_costs(tmp_path: Path) -> None:
    rows, _ = history(tmp_path, 2, 1, seed=4, further=STRATEGIES["costs"])
    with ResultsDB.open(f"sqlite:///{tmp_path}/1.db") as db:
        front = {row.number for row in db.pareto("r")}
        assert check(db) == []
    scored = [row for row in rows if row.verdict == SCORED]
    for row in scored:
        assert row.graph_json is not None
        assert row.costs == costs_of(Graph.from_json(row.graph_json), ("passes", "kept"))

    def dominates(a: CandidateRecord, b: CandidateRecord) -> bool:
        gains = [a.scores[n] - b.scores[n] for n in a.scores]
        gains += [b.costs[n] - a.costs[n] for n in a.costs]
        return min(gains) >= 0 and max(gains) > 0

    assert front == {a.number for a in scored if not any(dominates(b, a) for b in scored)}
    by_scores_alone = {
        a.number
        for a in scored
        if not any(
            b.scores != a.scores and all(b.scores[n] >= a.scores[n] for n in a.scores)
            for b in scored
        )
    }
    assert by_scores_alone < front


def test_the_warm_start_comes_first_and_says_so(tmp_path: Path) -> None:
    rows = rows_of("warm start", tmp_path)
    names = ("EvoNorm-B0", "BN-ReLU", "PowerNorm")
    assert [row.origin for row in rows[:4]] == [*(f"warm start: {name}" for name in names), ""]
    proposed = [(row, name) for row, name in zip(rows, names, strict=False) if row.digest]
    assert proposed
    for row, name in proposed:
        assert row.digest == digest(zoo_graph(name))
        assert row.parent is None
    # An attempt like any other: what falls at a screen is no candidate's layer, and is not redrawn.
    for row in rows[: len(names)]:
        assert row.attempts == 1
        assert (row.verdict == Verdict.EXHAUSTED) == bool(row.refused)


def test_mutants_of_a_warm_start_lie_in_the_space(tmp_path: Path) -> None:
    rows = rows_of("warm start", tmp_path)
    bred = [row for row in rows if row.parent is not None and row.parent < 3 and row.graph_json]
    assert bred
    for row in bred:
        assert len(json.loads(row.graph_json or "")["nodes"]) == 10


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("warm_start=['BN-ReLU']", r"keeps the warm start of 'r': none; given BN-ReLU"),
        ("evolution.objectives=['scores','kept']", r"keeps the objectives of 'r': scores; given"),
    ],
)
def test_a_fork_refuses_what_would_mix_two_kinds_of_rows(
    tmp_path: Path, setting: str, message: str
) -> None:
    from evonas.runs import RunError

    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/f.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=10)
        TestEveryStrategy.search(db, "r")
        with pytest.raises(RunError, match=message):
            fork(db, "r", "f", [setting])


@pytest.mark.parametrize("strategy", ["further seeds", "everything"])
def test_further_seeds_go_to_the_front_of_the_window_and_nowhere_else(
    strategy: str, tmp_path: Path
) -> None:
    """An oracle that reads the committed rows alone."""
    rows = rows_of(strategy, tmp_path)
    again = [row for row in rows if row.repeat_of is not None]
    most = 3 if strategy == "further seeds" else 4
    assert len(again) >= 8
    assert {row.verdict for row in again} >= {Verdict.SCORED, Verdict.UNSTABLE}
    pairs = [(row.repeat_of, row.seed_index) for row in again]
    assert len(set(pairs)) == len(pairs)
    assert {seed for _, seed in pairs} <= set(range(1, most))
    for row in again:
        seen = rows[: row.number - LAG + 1]
        assert row.repeat_of in _front_by_hand(seen)
        original = rows[row.repeat_of or 0]
        assert (row.graph_json, row.digest) == (original.graph_json, original.digest)
        assert (row.attempts, row.fingerprint, row.parent) == (0, (), None)
    for row in rows:  # who fell on a further seed breeds no more
        if row.parent is not None:
            seen = rows[: row.number - LAG + 1]
            assert row.parent not in {r.repeat_of for r in seen if r.verdict == Verdict.UNSTABLE}


def _front_by_hand(seen: list[CandidateRecord]) -> set[int]:
    window = [r for r in seen if r.verdict == SCORED and r.repeat_of is None][-12:]
    points = {}
    for one in window:
        again = [r for r in seen if r.repeat_of == one.number]
        if any(r.verdict == Verdict.UNSTABLE for r in again):
            continue
        scores = [one.scores, *(r.scores for r in again)]
        means = [sum(s[anchor] for s in scores) / len(scores) for anchor in ("one", "two")]
        points[one.number] = (*means, *(-cost for cost in one.costs.values()))
    return {
        a
        for a, p in points.items()
        if not any(q != p and all(map(ge, q, p)) for q in points.values())
    }


def test_a_fork_with_other_protocols_evaluates_only_its_own_layers_again(tmp_path: Path) -> None:
    config = small_config(further=STRATEGIES["further seeds"])
    with ResultsDB.open(f"sqlite:///{tmp_path}/f.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=20)
        TestEveryStrategy.search(db, "r")
        for name, further in (("same", []), ("other", ["evaluation.quality.step=50"])):
            fork(db, "r", name, [f"budget={BUDGET}", *further])
            TestEveryStrategy.search(db, name)
        of_shared = {
            name: [
                row for row in db.repeats(name) if row.number >= 20 and (row.repeat_of or 0) < 20
            ]
            for name in ("same", "other")
        }
        assert of_shared["same"]
        assert not of_shared["other"]
        assert db.repeats("other", least=20)


def test_nothing_is_evaluated_again_by_default() -> None:
    for preset in ("quick", "small", "paper"):
        assert load_config(preset).evolution.seeds == 1
