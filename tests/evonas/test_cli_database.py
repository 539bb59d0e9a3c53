"""db upgrade, check, copy and merge, clean, fork, take-over, pareto, watching, replay."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import pytest

from evonas.runs import extend
from results_db import LeaseLost, ResultsDB
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import BEST, HISTORY, RUN, SCORES, make_database
from tests.support.closed import closed
from workers.evaluation import Evaluation
from workers.verdict import Verdict

URL = "sqlite:///evonas.db"


def numbers(name: str) -> list[int]:
    return [row["number"] for row in as_json("candidates", name)]


def test_upgrade_of_a_current_database_changes_nothing(database: Path) -> None:
    assert "is the latest, 0 digests computed anew" in succeed("db", "upgrade")


def test_upgrade_recomputes_old_digests(database: Path) -> None:
    with sqlite3.connect("evonas.db") as file:
        file.execute("update evonas_candidate set digest = 'c0-1' where number = 3")
    file.close()
    assert "1 digest computed anew" in succeed("db", "upgrade")
    assert as_json("candidates")[3]["digest"] == HISTORY[3].digest


def test_check(database: Path) -> None:
    assert "is in order" in succeed("db", "check")
    with sqlite3.connect("evonas.db") as file:
        file.execute("delete from evonas_candidate where number = 2")
    file.close()
    result = run("db", "check")
    assert result.exit_code == 1
    assert "candidates 2 to 2 are missing" in result.stdout


def test_copy_and_merge(database: Path) -> None:
    to = ("--to", "sqlite:///other.db")
    assert "6 candidates new in second" in succeed("db", "copy", RUN, *to, "--name", "second")
    assert "0 candidates new in second" in succeed("db", "copy", RUN, *to, "--name", "second")
    assert "6 candidates new in first" in succeed("db", "merge", "--from", URL, *to)
    copied = as_json("top", "second", "--db", "sqlite:///other.db")
    assert [row["mean"] for row in copied] == [row["mean"] for row in as_json("top")]
    assert run("db", "copy", "frist", *to).exit_code == 1
    assert "Did you mean 'first'" in run("db", "copy", "frist", *to).stderr


def test_clean_removes_empty_runs(database: Path) -> None:
    with ResultsDB.open(URL) as db:
        db.create_run("empty", 0, {})
    assert succeed("clean", "--dry-run") == "empty\n"
    assert [row["run"] for row in as_json("runs")] == [RUN, "empty"]
    assert succeed("clean") == "empty\n"
    assert [row["run"] for row in as_json("runs")] == [RUN]


def test_fork(database: Path) -> None:
    made = ("fork", RUN, "--name", "other", "--set", "evolution.lag=4", "--seed", "9", "--at", "3")
    assert succeed(*made, "--budget", "40") == "other\n"
    assert numbers("other") == [0, 1, 2, 3]
    with ResultsDB.open(URL) as db:
        fork = db.run("other")
    assert (fork.seed, fork.config["seed"], fork.budget) == (9, 9, 40)
    assert fork.config["evolution"]["lag"] == 4
    assert (fork.forked_from, fork.forked_at) == (RUN, 3)
    assert [row["state"] for row in as_json("runs")] == ["interrupted", "not started"]
    assert "other  not started, 4 of 40 candidates" in succeed("status", "other")


def test_a_fork_may_change_what_rejects(database: Path) -> None:
    protocols = ("evaluation.quality.factor=1.5", "evaluation.stability.rate=0.25")
    steps = "evaluation.anchors.vit.quality_step=90"
    settings = [part for setting in (*protocols, steps) for part in ("--set", setting)]
    assert succeed("fork", RUN, "--name", "other", *settings) == "other\n"
    with ResultsDB.open(URL) as db:
        assert db.run("other").config["evaluation"]["quality"]["factor"] == 1.5


def test_a_merge_takes_a_run_that_was_given_more_time(database: Path, tmp_path: Path) -> None:
    to = ("--to", f"sqlite:///{tmp_path}/elsewhere.db")
    succeed("db", "merge", "--from", URL, *to)
    with ResultsDB.open(URL) as db:
        extend(db, RUN, budget=50, max_minutes=99)
    assert "0 candidates new in first" in succeed("db", "merge", "--from", URL, *to)
    assert "0 candidates new in first" in succeed("db", "copy", RUN, "--from", URL, *to)


def test_a_database_that_may_not_be_written_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands = (("runs",), ("status",), ("candidates",), ("top",), ("pareto",), ("show", BEST))
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to other users
        monkeypatch.delenv("EVONAS_DB", raising=False)
        monkeypatch.chdir(name)
        make_database(URL)
        shown = [succeed(*command) for command in commands]
        with closed(Path(name)):
            assert [succeed(*command) for command in commands] == shown
            result = run("fork", RUN, "--name", "other")
        assert (result.exit_code, "Make the file and its directory writable" in result.stderr) == (
            1,
            True,
        )


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--set", "space=evonorm-s"), 1, "keeps the space"),
        (("--set", "evaluation.groups=8"), 1, "evaluation.groups: 4 -> 8"),
        (("--set", "evaluation.anchors.vit.steps=9"), 1, "keeps what the scores"),
        (("--set", "evolution.lga=4"), 2, "did you mean 'lag'"),
        (("--budget", "5"), 1, "begins with 6 candidates"),
        (("--at", "6"), 1, "can be forked at candidates 0 to 5"),
    ],
)
def test_a_fork_that_makes_no_sense(
    database: Path, more: tuple[str, ...], code: int, said: str
) -> None:
    result = run("fork", RUN, "--name", "other", *more)
    assert result.exit_code == code
    assert said in result.stderr
    assert [row["run"] for row in as_json("runs")] == [RUN]


def test_take_over_shuts_the_other_driver_out(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven: list[str] = []
    monkeypatch.setattr("evonas.cli.running.drive", lambda db, name, *_: driven.append(name))
    with ResultsDB.open(URL) as db, db.writer(RUN) as hanging:
        succeed("resume", RUN, "--take-over")
        assert driven == [RUN]
        with pytest.raises(LeaseLost, match="taken over"):
            hanging.set_state("running")


def test_pareto(database: Path) -> None:
    (row,) = as_json("pareto")
    assert (row["number"], row["scores"], row["mean"]) == (3, SCORES, 0.625)
    assert "0.750" in succeed("pareto", RUN)


def test_watching_ends_with_the_run(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    with ResultsDB.open(URL) as db:
        db.set_state(RUN, "running")
        writer = db.writer(RUN)

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                writer.set_state("finished")

        monkeypatch.setattr("evonas.cli.status.time.sleep", pause)
        shown = succeed("status", "--watch")
        writer.close()
    assert shown.count("6 of 20 candidates") == 3
    assert run("status", "--watch", "--format", "json").exit_code == 2


def evaluated_as(monkeypatch: pytest.MonkeyPatch, scores: dict[str, float]) -> list[str]:
    """Replace the evaluation; the list takes what was evaluated."""
    asked: list[str] = []

    def evaluate(graph_json: str, config: object, seed_index: int) -> Evaluation:
        asked.append(graph_json)
        (row,) = (r for r in HISTORY[:4] if r.graph_json == graph_json)
        return Evaluation(Verdict.SCORED, "", scores, 1.0, row.class_sha256)

    monkeypatch.setattr("workers.evaluation.evaluate", evaluate)
    return asked


def test_replay_of_the_same_result(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated_as(monkeypatch, SCORES)
    assert "the same: scored resnet 0.750" in succeed("replay", RUN, "3")


def test_replay_of_another_result(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = evaluated_as(monkeypatch, {"resnet": 0.5})
    result = run("replay", RUN, "4")  # a duplicate of 0
    assert result.exit_code == 1
    assert asked == [HISTORY[0].graph_json]
    assert "scores: {'mobilenet': 0.375, 'resnet': 0.5, 'vit': 0.25} -> {'resnet': 0.5}" in (
        result.stdout
    )


def test_replay_of_a_crash_shows_the_traceback(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(graph_json: str, config: object, seed_index: int) -> Evaluation:
        raise ValueError("deep inside")

    monkeypatch.setattr("workers.evaluation.evaluate", evaluate)
    result = run("replay", RUN, "0")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "ValueError: deep inside" in result.stderr


def test_replay_of_nothing(database: Path) -> None:
    result = run("replay", RUN, "6")
    assert result.exit_code == 1
    assert "has 6 candidates, numbered from 0" in result.stderr


def test_replay_uses_the_settings_of_the_run_that_evaluated(database: Path) -> None:
    from evonas.runs import evaluated_under

    succeed("fork", RUN, "--name", "other", "--set", "evaluation.quality.factor=1.5")
    with ResultsDB.open(URL) as db:
        assert evaluated_under(db, "other", 5).evaluation.quality.factor != 1.5
        assert evaluated_under(db, "other", 6).evaluation.quality.factor == 1.5
