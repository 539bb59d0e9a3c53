"""Runs that commit as results arrive: the order differs, what a slot becomes does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from evonas.arrivals import committed_ahead
from evonas.config import ConfigError, RunConfig, load_config
from evonas.population import Population, Window
from evonas.remarks import remarks
from evonas.runs import RunError, fork
from evonas.selection import choose_ancestors, choose_repeat
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.search_runs import (
    SCHEDULES,
    Schedule,
    new_database,
    run_through,
    small_config,
)
from tests.evonas.simulated_pool import fake_proposal
from workers.proposal import ProposalTask
from workers.verdict import Verdict

ARRIVAL = ("budget=40", 'evolution.commit_order="arrival"', "evolution.lag=20")
CONFIGS = {
    "parents": small_config(further=(*ARRIVAL, "evolution.fresh_probability=0.2")),
    "turns": small_config(
        further=(
            *ARRIVAL,
            "evolution.fresh_probability=0.2",
            "evolution.attempts_per_parent=1",
            "evolution.max_attempts=3",
            "evolution.islands=3",
        )
    ),
    "further seeds": small_config(
        further=(
            *ARRIVAL,
            "evolution.seeds=3",
            "evolution.seeds_share=0.4",
            "evolution.islands=2",
        )
    ),
}


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def config(request: pytest.FixtureRequest) -> RunConfig:
    return CONFIGS[str(request.param)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arrivals")


def seen_by(slot: int, rows: list[CandidateRecord], config: RunConfig) -> Window:
    """The window of a slot, from the rows it saw on its island."""
    evolution = config.evolution
    population = Population(evolution.window, evolution.lag)
    for row in rows[: max(0, slot - evolution.lag + 1)]:
        if (row.opened - slot) % evolution.islands == 0:
            population.take(row)
    return population.window()


def expected(
    rows: list[CandidateRecord], slot: int, config: RunConfig
) -> tuple[int | None, int | None, str | None, int]:
    """What a slot must become, found from the rows it saw alone: the candidate it repeats, the
    parent of the last attempt, the digest, and how many attempts it took.
    """
    evolution = config.evolution
    seen = rows[: max(0, slot - evolution.lag + 1)]
    window = seen_by(slot, rows, config)
    earlier = Counter(row.repeat_of for row in rows if row.opened < slot)
    asked = {number: count for number, count in earlier.items() if number is not None}
    repeat = choose_repeat(slot, window, asked, evolution, config.seed)
    if repeat is not None:
        return repeat[0].number, None, rows[repeat[0].number].digest, 0
    known = {r.fingerprint for r in seen if r.fingerprint and r.verdict != Verdict.DUPLICATE}
    parents = [found.parent for found in choose_ancestors(slot, window, evolution, config.seed)]
    turn = evolution.attempts_per_parent or evolution.max_attempts
    for attempt in range(evolution.max_attempts):
        parent = parents[min(attempt // turn, len(parents) - 1)]
        task = ProposalTask(
            config.seed,
            slot,
            attempt,
            attempt + 1,
            config.search_space,
            config.screening,
            parent.graph_json if parent else None,
            evolution.mutations,
            evolution.mutation,
        )
        found = fake_proposal(task)
        number = parent.number if parent else None
        if found.graph_json is not None and found.fingerprint not in known:
            return None, number, found.digest, attempt + 1
    return None, number, None, evolution.max_attempts


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedule=SCHEDULES)
def test_every_slot_becomes_what_its_number_and_the_rows_before_say(
    schedule: Schedule, config: RunConfig, folder: Path
) -> None:
    rows, evaluated = run_through(folder, schedule, config)
    assert [row.number for row in rows] == list(range(config.budget))
    assert sorted(row.opened for row in rows) == list(range(config.budget))
    for row in rows:
        became = (row.repeat_of, row.parent, row.digest, row.attempts)
        assert became == expected(rows, row.opened, config)
        if row.duplicate_of is not None:
            assert row.duplicate_of < row.number
            assert rows[row.duplicate_of].verdict != Verdict.DUPLICATE
    assert max(Counter(evaluated).values()) == 1


def test_a_slow_evaluation_holds_nobody_up(folder: Path, config: RunConfig) -> None:
    rows, _ = run_through(folder, Schedule(7, workers=8), config)
    late = [row.number - row.opened for row in rows]
    assert max(late) > 5  # slow ones were overtaken by as many
    assert any(row.opened < row.number and row.verdict == Verdict.SCORED for row in rows)


def test_a_slot_turns_to_another_parent_when_its_attempts_are_spent(folder: Path) -> None:
    config = CONFIGS["turns"]
    rows, _ = run_through(folder, Schedule(3, workers=2), config)
    later = Counter[str]()
    for row in rows:
        window = seen_by(row.opened, rows, config)
        turns = choose_ancestors(row.opened, window, config.evolution, config.seed)
        first = next(turns).parent
        if first is not None and row.parent != first.number:
            later["bred" if row.parent is not None else "fresh"] += 1
            assert row.attempts > 1
    assert later["bred"] > 3


def test_one_worker_arrives_in_some_order_that_is_stored(folder: Path) -> None:
    config = CONFIGS["parents"]
    one, _ = run_through(folder, Schedule(1, workers=1), config)
    eight, _ = run_through(folder, Schedule(2, workers=8), config)
    assert [row.opened for row in one] != [row.opened for row in eight]


def database(folder: Path, name: str, slots: list[int | None]) -> ResultsDB:
    file = folder / f"{name}.db"
    file.write_bytes(new_database(CONFIGS["parents"]))
    db = ResultsDB.open(f"sqlite:///{file}", create=False)
    rows = [
        CandidateRecord(number=number, verdict="low_quality", slot=slot)
        for number, slot in enumerate(slots)
    ]
    rows[-1:] = [replace(row, repeat_of=0) for row in rows[-1:]]
    with db.writer("r") as writer:
        writer.commit(rows)
    return db


@pytest.mark.parametrize(
    ("slots", "first", "ahead"),
    [
        ([], 0, {}),
        ([0, 1, 2], 3, {}),
        ([2, 0, 1], 3, {}),
        ([0, 2, 5, 1], 3, {5: None}),
        ([3, 1, 4], 0, {3: None, 1: None, 4: 0}),
        ([None, None, 4, 2], 3, {4: None}),  # a fork of a run that commits in order
    ],
)
def test_the_first_open_slot_and_those_ahead_of_it(
    tmp_path: Path, slots: list[int | None], first: int, ahead: dict[int, int | None]
) -> None:
    with database(tmp_path, "some", slots) as db:
        assert committed_ahead(db, "r") == (first, ahead)


def test_a_fork_may_turn_to_arrival_but_not_back(tmp_path: Path) -> None:
    with database(tmp_path, "forked", [0, 2, 1]) as db:
        with pytest.raises(RunError, match="in the order of arrival, and so does a fork"):
            fork(db, "r", "back", ['evolution.commit_order="slot"', "evolution.lag=5"])
        assert fork(db, "r", "on", ["evolution.lag=30"]).forked_at == 2
        db.create_run("s", 3, small_config().to_dict(), budget=10)
        with db.writer("s") as writer:
            writer.commit([CandidateRecord(number=0, verdict="exhausted")])
        fork(db, "s", "turned", ['evolution.commit_order="arrival"'])


def test_such_a_run_says_that_its_seed_does_not_repeat_it(tmp_path: Path) -> None:
    with database(tmp_path, "remarked", [1, 0]) as db:
        db.create_run("s", 3, small_config().to_dict(), budget=10)
        (remark,) = remarks(db, "r")
        assert "cannot be repeated from its seed" in remark
        assert remarks(db, "s") == []


def test_a_lag_beyond_half_the_window_needs_arrival() -> None:
    wide = ("evolution.lag=40", "evolution.window=64")
    with pytest.raises(ConfigError, match="or give evolution"):
        load_config("quick", None, wide)
    config = load_config("quick", None, (*wide, 'evolution.commit_order="arrival"'))
    assert config.evolution.lag == 40
