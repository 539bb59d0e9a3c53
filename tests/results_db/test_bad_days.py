"""Kills, crashes, pauses, jumping clocks: what was committed stays, the rest leaves no trace."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from results_db import DatabaseError, LeaseLost, ResultsDB, RunLocked
from results_db import holder as holder_module
from results_db import lease as lease_module
from results_db.holder import Holder

from .make import candidate, evaluation


class Crash(BaseException):
    """Stands for a kill: nothing catches it."""


@contextmanager
def crash_at(db: ResultsDB, statement: int) -> Iterator[list[str]]:
    """Crashes before the statement of that index is executed; the list collects those before."""
    seen: list[str] = []

    def count(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if len(seen) == statement:
            raise Crash
        seen.append(sql)

    def on_commit(_connection: Any) -> None:
        count(None, None, "COMMIT")

    engine = db.database.engine
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", on_commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", on_commit)


def test_a_crash_at_every_statement_of_a_commit(url: str) -> None:
    """Whatever the statement, others then see the history as it was before."""
    with ResultsDB.open(url) as db, ResultsDB.open(url) as other:
        db.create_run("run", 1, {})
        crashes = 0
        with db.writer("run") as writer:
            writer.commit([candidate(n) for n in range(3)])
            before = (list(db.candidates("run")), db.funnel("run"), db.pareto("run"))
            better = [candidate(n, scores={"resnet": 0.9, "vit": 0.9 + n}) for n in (3, 4)]
            while True:
                with crash_at(db, crashes) as seen:
                    try:
                        writer.commit(better)
                        break
                    except Crash:
                        crashes += 1
                state = (list(other.candidates("run")), other.funnel("run"), other.pareto("run"))
                assert state == before
        assert crashes == len(seen) >= 8
        assert seen[-1] == "COMMIT"
        assert other.count("run") == other.funnel("run").candidates == 5
        assert [c.number for c in other.pareto("run")] == [4]


def test_a_crash_at_every_statement_of_storing_evaluations(url: str) -> None:
    records = [evaluation("a" * 64), evaluation("b" * 64)]
    with ResultsDB.open(url) as db, ResultsDB.open(url) as other:
        db.create_run("run", 1, {})
        crashes = 0
        with db.writer("run") as writer:
            while True:
                with crash_at(db, crashes) as seen:
                    try:
                        writer.store_evaluations(records)
                        break
                    except Crash:
                        crashes += 1
                kept = other.find_evaluations([record.key for record in records])
                assert len(kept) == (2 if "COMMIT" in seen else 0)
        assert crashes == len(seen) >= 2
        assert other.find_evaluations([r.key for r in records]) == {r.key: r for r in records}


DRIVER = """
import sys, time
from results_db import ResultsDB
from tests.results_db.make import candidate, evaluation
with ResultsDB.open(sys.argv[1]) as db:
    writer = db.writer("run")
    writer.set_state("running")
    for number in range(writer.next_number, 10**9):
        writer.commit([candidate(number)])
        print(number, flush=True)
        time.sleep(float(sys.argv[2]))
"""


@contextmanager
def driver(url: str, pause: float = 0) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-c", DRIVER, url, str(pause))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_kill_9_loses_nothing_that_was_reported(url: str) -> None:
    with ResultsDB.open(url) as db:
        db.create_run("run", 1, {})
        reported = -1
        with driver(url) as process:
            with pytest.raises(RunLocked, match=rf"written by process {process.pid} on"):
                db.writer("run")
            assert db.run("run").state == "running"
            process.send_signal(signal.SIGKILL)
            assert process.stdout is not None
            reported = max(int(line) for line in process.stdout.read().split() or ["0"])
        assert db.run("run").state == "interrupted"
        count = db.count("run")
        assert count in (reported + 1, reported + 2)
        assert [c.number for c in db.candidates("run")] == list(range(count))
        began = time.monotonic()
        with db.writer("run") as writer:
            assert writer.next_number == count
        assert time.monotonic() - began < 5  # a dead process needs no waiting


def test_a_driver_that_comes_back_from_a_pause_cannot_write(url: str) -> None:
    with ResultsDB.open(url) as db:
        db.create_run("run", 1, {})
        with driver(url, pause=1.0) as process:
            process.send_signal(signal.SIGSTOP)  # while it sleeps: no transaction is open
            try:
                with db.writer("run", take_over=True) as writer:
                    writer.commit([candidate(writer.next_number)])
                    count = db.count("run")
                    process.send_signal(signal.SIGCONT)
                    assert process.wait(30) == 1  # LeaseLost
                    assert db.count("run") == count
            finally:
                process.send_signal(signal.SIGCONT)


class TestHolderElsewhere:
    """A holder on another machine is judged by its beat alone, on our own monotonic clock."""

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.6)
        monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.05)
        monkeypatch.setattr(Holder, "alive", lambda self: None)

    def test_refused_while_its_beat_goes_on(self, db: ResultsDB) -> None:
        db.create_run("run", 1, {})
        with db.writer("run"), pytest.raises(RunLocked, match="is being written by process"):
            db.writer("run")

    def test_taken_over_when_its_beat_stands_still(
        self, db: ResultsDB, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        db.create_run("run", 1, {})
        monkeypatch.setattr(lease_module, "BEAT_SECONDS", 60.0)
        first = db.writer("run")
        monkeypatch.setattr(time, "time", lambda: -1e9)  # a clock that jumps changes nothing
        with db.writer("run") as second:
            second.commit([candidate(0)])
            with pytest.raises(LeaseLost, match="taken over"):
                first.commit([candidate(0)])
        first.close()

    def test_let_in_when_it_releases(self, db: ResultsDB) -> None:
        db.create_run("run", 1, {})
        db.writer("run").close()
        db.writer("run").close()


def test_a_reused_process_id_is_not_taken_for_the_holder() -> None:
    me = Holder.me()
    assert me.alive() is True
    if "?" not in me.place:
        assert Holder(me.host, me.pid, me.place + "1").alive() is False
    assert Holder(me.host, me.pid, "elsewhere 0").alive() is None
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert Holder(me.host, process.pid, me.place).alive() is False


@pytest.mark.parametrize(
    ("since", "state"),
    [
        ("here/id boot2 pid:[1]", "interrupted"),
        ("here/other boot2 pid:[1]", "running"),
        ("there/id boot2 pid:[1]", "running"),
        ("here/id boot1 pid:[2]", "running"),  # another container
    ],
)
def test_a_run_that_ended_with_its_machine_is_not_running(
    db: ResultsDB, monkeypatch: pytest.MonkeyPatch, since: str, state: str
) -> None:
    monkeypatch.setattr(holder_module, "_machine", lambda: "here/id boot1 pid:[1]")
    db.create_run("run", 1, {})
    with db.writer("run") as writer:
        writer.set_state("running")
        assert db.run("run").state == "running"
        monkeypatch.setattr(holder_module, "_machine", lambda: since)
        assert db.run("run").state == state
        assert (db.holder("run") is None) == (state == "interrupted")
        for nameless in ("here boot1 pid:[1]", "here"):  # without an identity, or no Linux
            monkeypatch.setattr(holder_module, "_machine", lambda of=nameless: of)
            assert db.run("run").state == "running"


def test_the_history_is_ordered_by_number_when_the_clock_jumps(
    db: ResultsDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.create_run("run", 1, {})
    with db.writer("run") as writer:
        for number, now in enumerate((2e9, 1e9, -5.0)):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            writer.commit([candidate(number)])
    assert [c.committed_at for c in db.candidates("run")] == [2e9, 1e9, -5.0]


def test_errors_of_a_commit_do_not_carry_its_rows(sqlite_url: str, tmp_path: Path) -> None:
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            db.database.engine.dispose()
            with db.database.write() as connection:
                connection.exec_driver_sql("DROP TABLE evonas_tally")
            with pytest.raises(Exception, match="no such table") as caught:
                writer.commit([candidate(0)])
        assert "structure" not in str(caught.value)
        assert db.count("run") == 0
    assert not isinstance(caught.value, DatabaseError)
    assert os.listdir(tmp_path) == ["evonas.db"]


def test_an_error_is_not_hidden_by_the_release(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def drive(db: ResultsDB) -> None:
        with db.writer("run"):
            event.listen(db.database.engine, "before_cursor_execute", refuse_writes)
            raise ZeroDivisionError("the driver's own")

    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
        with pytest.raises(ZeroDivisionError, match="the driver's own"):
            drive(db)
    assert "could not be given free" in caplog.text


def refuse_writes(_c: Any, cursor: Any, sql: str, *_: Any) -> None:
    if sql.startswith("UPDATE"):
        cursor.execute("PRAGMA query_only = ON")
