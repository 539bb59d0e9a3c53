"""The rejection audit: it changes no history, is exact after any kill, and counts rightly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.audit import AUDITED_PROTOCOLS, Auditor, protocol, without_result
from evonas.audit_report import audit_report
from evonas.evolution import FINISHED, Stop, run_search
from results_db.records import AuditedRecord, CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.search_runs import BUDGET, history, ignore, small_config
from tests.evonas.simulated_pool import SimulatedPool
from workers.audit import is_followed
from workers.verdict import Verdict

SHARE = 0.4
AUDIT = (f"audit.share={SHARE}",)


def audited_run(
    folder: Path, workers: int, schedule: int, kills: tuple[int, ...] = ()
) -> tuple[list[tuple[object, ...]], list[AuditedRecord], list[str]]:
    """The history, the audited layers and what was evaluated of a run that follows many."""
    rows, evaluated = history(folder, workers, schedule, kills, further=AUDIT)
    with ResultsDB.open(f"sqlite:///{folder}/{schedule}.db") as db:
        layers = db.audited("r")
        assert without_result(db, layers) == []
        return [row.history_row() for row in rows], layers, evaluated


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[list[tuple[object, ...]], list[AuditedRecord]]:
    rows, layers, _ = audited_run(tmp_path_factory.mktemp("undisturbed"), 1, 0)
    return rows, layers


def test_the_history_is_that_of_a_run_without_audit(
    undisturbed: tuple[list[tuple[object, ...]], list[AuditedRecord]], tmp_path: Path
) -> None:
    rows, _ = history(tmp_path, workers=3, schedule=1)
    assert [row.history_row() for row in rows] == undisturbed[0]


@settings(max_examples=15, deadline=None)
@given(
    workers=st.integers(1, 9),
    schedule=st.integers(1, 10**6),
    kills=st.lists(st.integers(0, 60), max_size=4).map(tuple),
)
def test_the_same_layers_are_followed_whatever_happens(
    undisturbed: tuple[list[tuple[object, ...]], list[AuditedRecord]],
    tmp_path_factory: pytest.TempPathFactory,
    workers: int,
    schedule: int,
    kills: tuple[int, ...],
) -> None:
    rows, layers, evaluated = audited_run(
        tmp_path_factory.mktemp("schedule"), workers, schedule, kills
    )
    assert (rows, layers) == undisturbed
    assert max(Counter(evaluated).values()) == 1


def test_it_follows_the_chosen_of_what_fell_and_nothing_else(
    undisturbed: tuple[list[tuple[object, ...]], list[AuditedRecord]], tmp_path: Path
) -> None:
    _, layers = undisturbed
    assert all(is_followed(layer.digest, SHARE) for layer in layers)
    assert {layer.failed for layer in layers} == {"stack", "stability, first steps"}
    rows, _ = history(tmp_path, workers=1, schedule=0)
    rejected = {row.digest for row in rows if row.verdict == Verdict.UNSTABLE}
    followed = {layer.digest for layer in layers if layer.failed in AUDITED_PROTOCOLS}
    chosen = {digest for digest in rejected if digest and is_followed(digest, SHARE)}
    assert followed == chosen
    assert followed  # else this tests nothing


def test_what_is_left_when_the_time_is_over_is_followed_by_the_next_start(tmp_path: Path) -> None:
    config = small_config(further=AUDIT)
    with ResultsDB.open(f"sqlite:///{tmp_path}/a.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        stop, pool = Stop(), SimulatedPool(1, np.random.default_rng(0))

        def drain(progress: object) -> None:
            stop.drain = db.count("r") == BUDGET

        with pytest.MonkeyPatch.context() as patch:  # audits begin when the last row is committed
            patch.setattr(Auditor, "tasks", lambda *_: [])
            assert run_search(db, "r", pool, report=drain, stop=stop) != FINISHED
        left = without_result(db, db.audited("r"))
        assert len(left) > 3
        assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
        assert without_result(db, db.audited("r")) == []


def test_a_failure_of_the_machine_is_kept_and_not_counted(tmp_path: Path) -> None:
    config = small_config(further=AUDIT)
    with ResultsDB.open(f"sqlite:///{tmp_path}/f.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        pool = SimulatedPool(3, np.random.default_rng(0))
        pool.failure, pool.failing, pool.fails = Verdict.TIMEOUT, 4, "audit"
        assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
        trained = [layer for layer in db.audited("r") if layer.failed == "stack"]
        assert all(layer.failure == "timeout: as arranged" for layer in trained)
        (line,) = [x for x in audit_report(db, "r").lines if x.check == "stack"]
        assert (line.followed, line.failed, line.rate) == (0, len(trained), None)


@pytest.mark.parametrize(
    ("verdict", "scores", "name"),
    [
        (Verdict.UNSTABLE, {}, "stability, first steps"),
        (Verdict.UNSTABLE, {"resnet": 0.5}, "stability, all steps"),
        (Verdict.LOW_QUALITY, {}, "quality"),
        (Verdict.DIVERGED, {}, None),
        (Verdict.SCORED, {"resnet": 0.5}, None),
        (Verdict.DUPLICATE, {}, None),
    ],
)
def test_protocols_by_verdict(verdict: Verdict, scores: dict[str, float], name: str | None) -> None:
    assert protocol(CandidateRecord(number=0, verdict=verdict, scores=scores)) == name
