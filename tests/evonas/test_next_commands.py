"""What a run has left to do, in words, and the commands that go on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.cli.next_commands import Left, left_lines
from evonas.cli.summary import show_summary
from evonas.config import load_config
from evonas.driver import SearchError
from results_db import BaselineRecord, EvaluationRecord, LeaseLost, ResultsDB
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import HISTORY, RUN, SCORES, candidate, make_database
from workers.verdict import Verdict

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
    ("rejected", "candidate_verdict", "strict"),
    [
        (2, Verdict.LOW_QUALITY, True),
        (1, Verdict.LOW_QUALITY, False),  # half of them, not most
        (2, Verdict.SCORED, False),
    ],
)
def test_settings_that_reject_known_layers_are_told_and_no_larger_budget(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    rejected: int,
    candidate_verdict: Verdict,
    strict: bool,
) -> None:
    config = load_config("quick", overrides=["budget=1", "baselines=['BN-ReLU', 'GN-ReLU']"])
    scores = SCORES if candidate_verdict == Verdict.SCORED else {}
    with ResultsDB.open(URL) as db:
        db.create_run("r", config.seed, config.to_dict(), budget=1)
        with db.writer("r") as writer:
            for i, name in enumerate(config.baselines):
                verdict = Verdict.LOW_QUALITY if i < rejected else Verdict.SCORED
                writer.store_evaluation(
                    EvaluationRecord(key=name, digest=name, verdict=verdict, scores=SCORES)
                )
                writer.store_baseline(
                    BaselineRecord(name=name, text="tanh(x)", digest=name, evaluation_key=name)
                )
            writer.commit([candidate(0, "tanh(x)", candidate_verdict, scores=scores)])
        show_summary(db, "r", "finished")
    told = " ".join(capsys.readouterr().out.split())
    advice = "reject 2 of 2 baselines too (BN-ReLU, GN-ReLU): under these settings known layers"
    assert (advice in told) == strict
    assert ("more steps (`evaluation.training.steps`, or" in told) == strict
    assert ("--budget" in told) != strict


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
