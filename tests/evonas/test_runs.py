"""Runs that are made at once, cut off while they are made, or copied without their origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evonas.config import load_config
from evonas.evolution import FINISHED, Stop, run_search
from evonas.history import History
from evonas.runs import RunError, create, evaluated_under, extend, fork
from results_db import ResultsDB, RunExists, copy_run
from results_db import database as database_module
from results_db.faults import ConnectionLost
from tests.evonas.search_runs import ignore, small_config
from tests.evonas.simulated_pool import SimulatedPool
from tests.evonas.small_database import HISTORY, RUN, make_database

URL = "sqlite:///evonas.db"


def test_two_searches_of_one_minute_and_seed_get_two_names(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evonas.runs.time.strftime", lambda _: "20250131-2215")
    config = load_config()
    with ResultsDB.open(URL) as db:
        make, faster = db.create_run, ["20250131-2215-s0"]

        def create_run(name: str, seed: int, config: dict[str, Any], **values: Any) -> Any:
            if faster:
                make(faster.pop(), seed, config, **values)
            return make(name, seed, config, **values)

        monkeypatch.setattr(db, "create_run", create_run)
        assert create(db, None, config) == "20250131-2215-s0-2"
        with pytest.raises(RunExists, match="Choose another name, or resume it"):
            create(db, "20250131-2215-s0", config)


def test_a_fork_that_was_cut_off_does_not_go_on_as_it_is(here: Path) -> None:
    make_database(URL)
    with ResultsDB.open(URL) as db:
        run = db.run(RUN)
        db.create_run("other", run.seed, run.config, budget=20, forked=(RUN, 5))
        with db.writer("other") as writer:
            writer.commit(HISTORY[:2])
        with pytest.raises(
            RunError, match=r"has 2 of the 6 candidates .* share with 'first'.*again"
        ):
            extend(db, "other", budget=None, max_minutes=None)
        config = run.config | {"budget": 20}
        assert fork(db, RUN, "other", ()).config == config
        assert extend(db, "other", budget=30, max_minutes=None).budget == 30


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_fork_that_was_copied_alone(tmp_path: Path, seeds: int) -> None:
    """It goes on, unless that takes the settings of the run that it was forked from."""
    config = small_config(further=(f"evolution.seeds={seeds}",))
    with (
        ResultsDB.open(f"sqlite:///{tmp_path}/a.db") as db,
        ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as other,
    ):
        db.create_run("r", config.seed, config.to_dict(), budget=12)
        search(db, "r")
        fork(db, "r", "f", ("budget=15",))
        copy_run(db, other, "f")
        if seeds > 1:
            with pytest.raises(RunError, match=r"does not hold that run; .*`evonas db copy r`"):
                search(other, "f")
            copy_run(db, other, "r")
        search(other, "f")
        search(db, "f")
        rows = [[row.history_row() for row in one.candidates("f")] for one in (db, other)]
        assert rows[0] == rows[1]
        if seeds == 1:
            with pytest.raises(
                RunError, match="'f' was forked from 'r', whose settings are needed"
            ):
                evaluated_under(other, "f", 11)
        assert evaluated_under(other, "f", 12).seed == config.seed


def search(db: ResultsDB, name: str) -> None:
    pool = SimulatedPool(3, np.random.default_rng(0))
    assert run_search(db, name, pool, report=ignore, stop=Stop()) == FINISHED


def test_a_driver_that_waited_goes_on_from_what_the_last_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/w.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=3)
        writer = db.writer

        def after_another(name: str) -> Any:
            db.set_budget(name, 7)
            return writer(name)

        monkeypatch.setattr(db, "writer", after_another)
        search(db, "r")
        assert db.count("r") == 7


def test_an_old_candidate_is_read_again_if_the_server_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "RECONNECT_PAUSES", (0.0,))
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/e.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=12)
        search(db, "r")
        history = History(db, "r", config.evolution)
        read, away = db.candidate, [True]

        def candidate(run: str, number: int) -> Any:
            if away:
                away.pop()
                raise ConnectionLost("the server is away")
            return read(run, number)

        monkeypatch.setattr(db, "candidate", candidate)
        assert history.candidate(0) == read("r", 0)
        assert not away
