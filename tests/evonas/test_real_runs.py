"""Real searches on Ray, as users start them: one history with one worker, two, and after kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.verdict import Verdict

BUDGET = 100

# A short training that many layers pass, so that the history has everything in it within minutes.
SETTINGS = (
    "evolution.lag=8",
    "evolution.window=32",
    "evaluation.training.steps=30",
    "evaluation.training.warmup=5",
    "evaluation.anchors.vit.warmup=5",
    "evaluation.data.train=512",
    "evaluation.data.validation=256",
    "evaluation.quality.factor=1.0",
    "baselines=['BN-ReLU']",
)


def search(database: Path, workers: int) -> subprocess.Popen[str]:
    """`evonas search` in a process group of its own."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    command = [
        *(sys.executable, "-m", "evonas.cli.app", "search", "--name", "r", "--seed", "7"),
        *("--budget", str(BUDGET), "--max-time", "60m", "--workers", str(workers)),
        *("--db", f"sqlite:///{database}", *settings),
    ]
    return subprocess.Popen(
        command,
        cwd=database.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(running: subprocess.Popen[str]) -> None:
    _, errors = running.communicate(timeout=1500)
    assert running.returncode == 0, errors


def committed(database: Path) -> int:
    """Candidates in the history so far, 0 before there is a run."""
    if not database.exists():
        return 0
    with ResultsDB.open(f"sqlite:///{database}") as db:
        return db.count("r") if db.runs() else 0


def wait_for(database: Path, count: int, running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while committed(database) < count:
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.1)  # between two looks at what the other process has committed


def rows(database: Path) -> list[CandidateRecord]:
    with ResultsDB.open(f"sqlite:///{database}") as db:
        return list(db.candidates("r"))


@pytest.mark.slow
def test_one_history_for_one_worker_two_workers_and_kills(tmp_path: Path) -> None:
    one, two, killed = (tmp_path / f"{name}.db" for name in ("one", "two", "killed"))
    finish(search(one, workers=1))
    expected = rows(one)
    verdicts = Counter(row.verdict for row in expected)
    assert verdicts[Verdict.SCORED] >= 20
    assert sum(verdicts[v] for v in (Verdict.UNSTABLE, Verdict.LOW_QUALITY, Verdict.DIVERGED)) >= 5
    assert sum(row.parent is not None for row in expected) >= 5

    finish(search(two, workers=2))
    assert [r.history_row() for r in rows(two)] == [r.history_row() for r in expected]

    for count in (5, 40, 70):
        running = search(killed, workers=2)
        wait_for(killed, count, running)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        assert running.stderr is not None
        running.stderr.close()
    finish(search(killed, workers=2))
    assert [r.history_row() for r in rows(killed)] == [r.history_row() for r in expected]
