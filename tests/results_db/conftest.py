"""One fixture for every back-end: a fresh SQLite file, a fresh schema of a PostgreSQL server."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from results_db import ResultsDB, RunWriter


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/evonas.db"
        return
    server = os.environ.get("EVONAS_TEST_POSTGRES")
    if not server:
        pytest.skip("no PostgreSQL server: set EVONAS_TEST_POSTGRES to postgresql://user@host/db")
    yield from fresh_schema(server)


def fresh_schema(server: str) -> Iterator[str]:
    """The server's URL with a schema of its own, dropped afterwards."""
    schema = f"evonas_test_{uuid.uuid4().hex}"
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = address.set(drivername="postgresql").update_query_dict(
        {"options": f"-csearch_path={schema}"}
    )
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def db(url: str) -> Iterator[ResultsDB]:
    with ResultsDB.open(url) as database:
        yield database


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/evonas.db"


@pytest.fixture
def writer(db: ResultsDB) -> Iterator[RunWriter]:
    db.create_run("run", 3, {"space": "evonorm-b"}, budget=10)
    with db.writer("run") as writer:
        yield writer
