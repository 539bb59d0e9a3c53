"""One history for every schedule: workers, delays, crashes, repeated results, killed drivers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from results_db.records import CandidateRecord
from tests.evonas.search_runs import GRAFTS, SCHEDULES, Schedule, run_through, small_config

CONFIGS = {
    "paper": small_config(further=("budget=24",)),
    "grafts, turns and islands": small_config(
        further=(
            "budget=24",
            *GRAFTS,
            "evolution.attempts_per_parent=1",
            "evolution.max_attempts=4",
            "evolution.islands=2",
        )
    ),
}
FAST, SLOW = 100, 1500  # schedules of each configuration


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def name(request: pytest.FixtureRequest) -> str:
    """A configuration's name."""
    return str(request.param)


@pytest.fixture(scope="module")
def undisturbed(name: str, tmp_path_factory: pytest.TempPathFactory) -> list[CandidateRecord]:
    rows, _ = run_through(tmp_path_factory.mktemp(name), Schedule(), CONFIGS[name])
    return rows


@pytest.fixture(scope="module")
def folder(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"{name}-schedules")


def check(schedule: Schedule, name: str, folder: Path, undisturbed: list[CandidateRecord]) -> None:
    """The same rows, attempts and refusals, and no layer evaluated twice."""
    rows, evaluated = run_through(folder, schedule, CONFIGS[name])
    assert [r.history_row() for r in rows] == [r.history_row() for r in undisturbed]
    assert [(r.attempts, r.refused) for r in rows] == [(r.attempts, r.refused) for r in undisturbed]
    assert max(Counter(evaluated).values()) == 1


@settings(max_examples=FAST, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedule=SCHEDULES)
def test_same_history_for_every_schedule(
    schedule: Schedule, name: str, folder: Path, undisturbed: list[CandidateRecord]
) -> None:
    check(schedule, name, folder, undisturbed)


@pytest.mark.slow
@settings(max_examples=SLOW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedule=SCHEDULES)
def test_same_history_for_thousands_of_schedules(
    schedule: Schedule, name: str, folder: Path, undisturbed: list[CandidateRecord]
) -> None:
    check(schedule, name, folder, undisturbed)
