"""What a run has left to do, in words, and the commands that go on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.cli.next_commands import Left, left_lines
from evonas.driver import SearchError
from results_db import LeaseLost, ResultsDB
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import HISTORY, RUN, make_database

URL = "sqlite:///elsewhere.db"


@pytest.mark.parametrize(
    ("baselines", "measured", "audits", "lines"),
    [
        (0, 6, 0, []),
        (6, 0, 0, ["6 baselines to be measured yet."]),
        (1, 5, 0, ["1 baseline to be measured yet; 5 stored, never to be paid for again."]),
        (
            0,
            6,
            1,
            ["The rejection audit has 1 layer to train yet, of those that the checks threw out."],
        ),
    ],
)
def test_what_is_left_is_told(baselines: int, measured: int, audits: int, lines: list[str]) -> None:
    assert left_lines(Left(10, baselines, measured, audits)) == lines


@pytest.mark.parametrize(
    ("error", "told"), [(SearchError("all crashed"), True), (LeaseLost("taken over"), False)]
)
@pytest.mark.parametrize("name", ["--name=one", ""])
def test_a_search_that_fails_says_how_to_go_on(
    here: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: bool, name: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("evonas.cli.running.run_search", fail)
    result = run("search", "--workers", "0", "--db", URL, *name.split())
    assert (result.exit_code, f"error: {error}" in result.stderr) == (1, True)
    (found,) = as_json("runs", "--db", URL)
    command = f"Go on with: evonas resume {found['run']} --db sqlite:///{here}/elsewhere.db\n"
    assert (command in result.stderr) == told


@pytest.mark.parametrize(("budget", "more"), [(20, ""), (6, " --budget 12")])
def test_a_fork_and_its_status_name_the_command_that_starts_it(
    here: Path, budget: int, more: str
) -> None:
    make_database(URL, budget=budget)
    command = f"evonas resume other{more} --db sqlite:///{here}/elsewhere.db\n"
    made = run("fork", RUN, "--name", "other", "--db", URL)
    assert f"go on with: {command}" in made.stderr
    assert (f"go on with: {command}" in succeed("status", "--db", URL)) == (budget == 20)
    with ResultsDB.open(URL) as db:
        db.set_state("other", "running")
    assert "other  interrupted" in succeed("status", "--db", URL)
    assert (f"go on with: {command}" in succeed("status", "--db", URL)) == (budget == 20)
    with ResultsDB.open(URL) as db:
        db.set_state("other", "finished")
    assert "go on with" not in succeed("status", "--db", URL)


def test_a_run_killed_after_its_last_commit_is_finished_by_resume(here: Path) -> None:
    make_database(URL, state="running", budget=len(HISTORY))
    assert as_json("runs", "--db", URL)[0]["state"] == "interrupted"
    assert "is finished: 6 candidates" in run("resume", "--workers", "0", "--db", URL).stderr
    assert as_json("runs", "--db", URL)[0]["state"] == "finished"


def test_the_commands_are_told_though_the_variable_names_no_database(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_database(URL)
    monkeypatch.setenv("EVONAS_DB", "elsewhere.db")
    assert "evonas resume first --db sqlite:///" in succeed("status", "--db", URL)
