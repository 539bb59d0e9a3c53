"""A whole run on a server that keeps cutting the connections, and whose password nobody shows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import MetaData, create_engine, make_url, select, text

from evonas.config import load_config
from evonas.evolution import FINISHED, Stop, run_search
from results_db import ResultsDB, check
from results_db import database as database_module
from results_db.records import CandidateRecord
from tests.evonas.simulated_pool import SimulatedPool
from tests.support.postgresql import SERVER, fresh_schema, needs_server
from workers.pools.base import Completion

BUDGET = 40

pytestmark = needs_server


@pytest.fixture
def url() -> Iterator[str]:
    yield from fresh_schema()


class CuttingPool(SimulatedPool):
    """Ends every connection of the application "cut" at each third `wait`."""

    waits = cuts = 0

    def wait(self, timeout: float | None = None) -> list[Completion]:
        self.waits += 1
        if self.waits % 3 == 0:
            self.cut()
        return super().wait(timeout)

    def cut(self) -> None:
        address = make_url(SERVER).set(drivername="postgresql+psycopg")
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            self.cuts += len(
                connection.execute(text(others + "WHERE application_name = 'cut'")).all()
            )
        engine.dispose()


def rows_of(url: str, run: str, pool: SimulatedPool) -> list[CandidateRecord]:
    settings = ("evolution.lag=5", "evolution.window=12", "baselines=[]", "max_minutes=1000")
    config = load_config("quick", None, (f"budget={BUDGET}", *settings))
    with ResultsDB.open(url) as db:
        db.create_run(run, config.seed, config.to_dict(), budget=BUDGET)
        assert run_search(db, run, pool, report=lambda _: None, stop=Stop()) == FINISHED
        assert check(db) == []
        return list(db.candidates(run))


def test_connections_lost_all_through_a_run_lose_nothing(
    url: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "RECONNECT_PAUSES", (0.01, 0.1, 0.5))
    evaluated: list[str] = []
    pool = CuttingPool(4, np.random.default_rng(0), None, evaluated)
    rows = rows_of(f"{url}&application_name=cut", "cut", pool)
    calm = rows_of(f"sqlite:///{tmp_path}/calm.db", "calm", SimulatedPool(1, pool.rng))
    assert pool.cuts >= 5
    assert [row.history_row() for row in rows] == [row.history_row() for row in calm]
    assert max(Counter(evaluated).values()) == 1


def test_a_run_leaves_the_password_nowhere(url: str, caplog: pytest.LogCaptureFixture) -> None:
    password = str(make_url(url).password or "")
    if not password:
        pytest.skip("the server asks for no password")
    caplog.set_level(logging.DEBUG)
    rows_of(url, "run", SimulatedPool(4, np.random.default_rng(0)))
    with ResultsDB.open(url) as db:
        tables = MetaData()
        tables.reflect(db.database.engine)
        with db.database.read() as connection:
            stored = [repr(connection.execute(select(t)).all()) for t in tables.sorted_tables]
        shown = f"{db.address} {db.database.engine!r} {db.run('run')} {db.holder('run')}"
    assert len(stored) >= 8
    for written in (*stored, shown, caplog.text):
        assert password not in written
        assert make_url(url).render_as_string(hide_password=False).split("@")[0] not in written
