"""One fixture for every back-end: a fresh SQLite file, a fresh schema of a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from results_db import ResultsDB, RunWriter
from tests.support.postgresql import fresh_schema, needs_server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_server)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/evonas.db"
        return
    yield from fresh_schema()


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
