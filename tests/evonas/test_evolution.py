"""The loop: one history, whatever the workers do and however often the driver dies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from evonas.evolution import FINISHED, Stop, run_search
from evonas.runs import fork
from results_db.records import SCORED, CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.search_runs import BUDGET, GRAFTS, history, ignore, small_config
from tests.evonas.simulated_pool import SimulatedPool
from workers.verdict import Verdict


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[CandidateRecord]:
    rows, _ = history(tmp_path_factory.mktemp("undisturbed"), workers=1, schedule=0)
    return rows


def test_history_has_everything_that_the_comparison_is_about(
    undisturbed: list[CandidateRecord],
) -> None:
    verdicts = Counter(row.verdict for row in undisturbed)
    assert [row.number for row in undisturbed] == list(range(BUDGET))
    assert verdicts[Verdict.SCORED] >= 20
    assert verdicts[Verdict.UNSTABLE] >= 5
    assert verdicts[Verdict.DUPLICATE] >= 1
    assert sum(row.parent is not None for row in undisturbed) >= 10
    assert sum(row.refused.get("duplicate", 0) for row in undisturbed) >= 1


@pytest.fixture(scope="module")
def undisturbed_grafts(tmp_path_factory: pytest.TempPathFactory) -> list[CandidateRecord]:
    rows, _ = history(tmp_path_factory.mktemp("grafts"), workers=1, schedule=0, further=GRAFTS)
    return rows


def test_grafts_name_both_parents(undisturbed_grafts: list[CandidateRecord]) -> None:
    by_number = {row.number: row for row in undisturbed_grafts}
    grafted = [row for row in undisturbed_grafts if row.donor is not None]
    assert len(grafted) >= 15
    assert sum(row.parent is not None and row.donor is None for row in undisturbed_grafts) >= 5
    for row in grafted:
        assert row.donor is not None
        assert row.parent is not None
        assert row.donor != row.parent
        assert by_number[row.donor].verdict == Verdict.SCORED
        assert row.donor <= row.number - 5


def test_the_database_knows_the_verdict_that_is_ranked() -> None:
    assert SCORED == Verdict.SCORED


def test_another_seed_is_another_history(
    undisturbed: list[CandidateRecord], tmp_path: Path
) -> None:
    rows, _ = history(tmp_path, workers=2, schedule=1, seed=4)
    assert [r.digest for r in rows] != [r.digest for r in undisturbed]


def test_nothing_is_evaluated_twice_in_a_run_or_in_a_later_one(tmp_path: Path) -> None:
    config = small_config()
    evaluated: list[str] = []
    with ResultsDB.open(f"sqlite:///{tmp_path}/l.db") as db:
        for run in ("first", "later"):
            db.create_run(run, config.seed, config.to_dict(), budget=BUDGET)
            pool = SimulatedPool(9, np.random.default_rng(2), None, evaluated)
            assert run_search(db, run, pool, report=ignore, stop=Stop()) == FINISHED
            assert max(Counter(evaluated).values()) == 1
        first, later = (list(db.candidates(run)) for run in ("first", "later"))
        assert [r.history_row() for r in later] == [r.history_row() for r in first]
        trained = [row for row in later if row.verdict != Verdict.DUPLICATE]
        assert db.funnel("later").cached == len(trained) <= len(evaluated)


def test_a_finished_run_with_a_raised_budget_goes_on_as_if_it_had_had_it(
    undisturbed: list[CandidateRecord], tmp_path: Path
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=25)
        for budget in (25, BUDGET):
            db.set_budget("r", budget)
            pool = SimulatedPool(4, np.random.default_rng(budget))
            assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
            assert db.count("r") == budget
        rows = [row.history_row() for row in db.candidates("r")]
        assert rows == [row.history_row() for row in undisturbed]


def test_a_fork_breeds_from_the_population_it_shares(
    undisturbed: list[CandidateRecord], tmp_path: Path
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/k.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=40)
        pool = SimulatedPool(4, np.random.default_rng(0))
        run_search(db, "r", pool, report=ignore, stop=Stop())
        fork(db, "r", "f", ("seed=9", f"budget={BUDGET}", "evolution.fresh_probability=0"))
        pool = SimulatedPool(4, np.random.default_rng(1))
        assert run_search(db, "f", pool, report=ignore, stop=Stop()) == FINISHED
        rows = list(db.candidates("f"))
        assert [r.history_row() for r in rows[:40]] == [r.history_row() for r in undisturbed[:40]]
        assert {row.parent for row in rows[40:45]} <= set(range(40))
        assert rows[40].parent is not None


def test_parents_are_scored_and_old_enough(undisturbed: list[CandidateRecord]) -> None:
    by_number = {row.number: row for row in undisturbed}
    for row in undisturbed:
        if row.parent is not None:
            assert by_number[row.parent].verdict == Verdict.SCORED
            assert row.parent <= row.number - 5


def test_duplicates_copy_the_scores_of_a_recent_original(
    undisturbed: list[CandidateRecord],
) -> None:
    for row in undisturbed:
        if row.verdict == Verdict.DUPLICATE:
            assert row.duplicate_of is not None
            original = undisturbed[row.duplicate_of]
            assert original.scores == row.scores
            assert original.fingerprint == row.fingerprint
            assert row.number - 5 < original.number < row.number
