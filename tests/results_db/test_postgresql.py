"""What only a server can do: go away in the middle, refuse a password."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, make_url, text

from results_db import DatabaseNotFound, DatabaseUnavailable, ResultsDB
from results_db import database as database_module
from tests.support.postgresql import SERVER, fresh_schema, needs_server

from .make import candidate, evaluation

pytestmark = needs_server


@pytest.fixture
def url() -> Iterator[str]:
    yield from fresh_schema()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "RECONNECT_PAUSES", (0.01, 0.1, 0.5))


def cut_at(db: ResultsDB, statement: int) -> list[str]:
    """The server ends the connection before the statement of that index, once."""
    seen: list[str] = []
    killer = create_engine(
        make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )

    def cut(connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen.append(sql)
        if len(seen) == statement + 1:
            pid = connection.connection.driver_connection.info.backend_pid
            with killer.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            killer.dispose()

    event.listen(db.database.engine, "before_cursor_execute", cut)
    return seen


@pytest.mark.parametrize("statement", range(7))
def test_a_connection_lost_at_a_statement_of_a_commit(url: str, statement: int) -> None:
    with ResultsDB.open(url) as db:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            writer.commit([candidate(0)])
            seen = cut_at(db, statement)
            writer.commit([candidate(1), candidate(2, scores={"resnet": 0.9, "vit": 0.9})])
            assert len(seen) > statement + 1
            writer.commit([candidate(3)])
        assert [c.number for c in db.candidates("run")] == [0, 1, 2, 3]
        assert db.funnel("run").candidates == 4


def test_a_commit_whose_answer_was_lost_is_not_written_twice(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ResultsDB.open(url) as db:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            dialect = db.database.engine.dialect
            do_commit = dialect.do_commit
            lost: list[bool] = []

            def commit_and_lose_the_answer(connection: Any) -> None:
                do_commit(connection)
                if not lost:
                    lost.append(True)
                    connection.driver_connection.close()
                    raise psycopg.OperationalError("server closed the connection unexpectedly")

            monkeypatch.setattr(dialect, "do_commit", commit_and_lose_the_answer)
            writer.commit([candidate(0), candidate(1)])
            assert lost
            writer.commit([candidate(2)])
        assert [c.number for c in db.candidates("run")] == [0, 1, 2]
        assert db.funnel("run").candidates == 3


def test_a_connection_lost_while_storing_an_evaluation(url: str) -> None:
    with ResultsDB.open(url) as db:
        seen = cut_at(db, 0)
        assert db.store_evaluation(evaluation()) == evaluation()
        assert len(seen) > 2


def test_a_server_that_stays_away_is_an_error_that_says_what_to_do(url: str) -> None:
    away = make_url(url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable, match=r"Check that the server runs") as caught:
        ResultsDB.open(away)
    password = make_url(url).password
    assert not password or password not in str(caught.value)


def test_a_wrong_password_is_not_shown(url: str) -> None:
    if not make_url(url).password:
        pytest.skip("the server asks for no password")
    wrong = make_url(url).set(password="wr0ngpassw0rd").render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable, match="authentication failed") as caught:
        ResultsDB.open(wrong)
    assert "wr0ng" not in str(caught.value)
    with ResultsDB.open(url) as db:
        assert str(make_url(url).password) not in db.address + repr(db.database.engine)


def test_a_database_without_our_tables(url: str) -> None:
    with pytest.raises(DatabaseNotFound, match=r"holds no results of evonas.*evonas search"):
        ResultsDB.open(url, create=False)
