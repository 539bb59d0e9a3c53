"""Readers never disturb a running search, and the write-ahead log stays bounded."""

from pathlib import Path

import pytest
from sqlalchemy import event

from results_db import ResultsDB, RunWriter
from results_db import database as database_module

from .make import candidate

PAGES = 50  # after so many in the log, a commit tries to empty it
PAGE_BYTES = 4096 + 24


def commit_many(writer: RunWriter, batches: int = 40) -> None:
    for _ in range(batches):
        first = writer.next_number
        writer.commit([candidate(n) for n in range(first, first + 20)])


def test_a_reader_in_a_long_transaction_does_not_hold_up_the_writer(
    db: ResultsDB, writer: RunWriter, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it began to read stays as it was, however much is committed meanwhile."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.0)  # waiting would be an error
    writer.commit([candidate(0)])
    count = "SELECT count(*) FROM evonas_candidate"
    with ResultsDB.open(url, create=False) as reader:
        with reader.database.read() as connection:
            assert connection.exec_driver_sql(count).scalar_one() == 1
            commit_many(writer)
            assert connection.exec_driver_sql(count).scalar_one() == 1
        assert reader.count("run") == writer.next_number == 801


@pytest.fixture
def small_log(sqlite_url: str) -> str:
    """A database whose log is emptied after PAGES pages instead of thousands."""
    with ResultsDB.open(sqlite_url) as db:
        db.create_run("run", 1, {})
    return sqlite_url


def log_of(path: Path) -> int:
    return (path / "evonas.db-wal").stat().st_size


def empty_often(db: ResultsDB) -> None:
    @event.listens_for(db.database.engine, "connect")
    def on_connect(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")  # type: ignore[attr-defined]

    db.database.engine.dispose()


def test_the_log_stays_bounded_under_our_readers(small_log: str, tmp_path: Path) -> None:
    with ResultsDB.open(small_log) as db, ResultsDB.open(small_log) as reader:
        assert db.database.pragma("PRAGMA journal_mode") == ["wal"]
        empty_often(db)
        with db.writer("run") as writer:
            commit_many(writer, 60)
            alone = log_of(tmp_path)
            half_read = reader.candidates("run")
            next(half_read)  # a listing longer than a chunk, that a user leaves standing
            commit_many(writer, 100)
            assert log_of(tmp_path) <= 2 * alone
            assert alone < 10 * PAGES * PAGE_BYTES
            assert sum(1 for _ in half_read) == writer.next_number - 1


def test_the_log_grows_no_further_once_a_long_reader_has_gone(
    small_log: str, tmp_path: Path
) -> None:
    with ResultsDB.open(small_log) as db, ResultsDB.open(small_log) as reader:
        empty_often(db)
        with db.writer("run") as writer:
            with reader.database.read() as connection:
                connection.exec_driver_sql("SELECT * FROM evonas_run").all()
                commit_many(writer)
            grown = log_of(tmp_path)
            commit_many(writer, 100)
            assert log_of(tmp_path) <= grown + 10 * PAGES * PAGE_BYTES
