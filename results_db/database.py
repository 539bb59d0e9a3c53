"""Read and write transactions, with SQLite set up so that readers never block the writer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from results_db.address import Address
from results_db.errors import BadAddress
from results_db.faults import ConnectionLost, translate

T = TypeVar("T")

BUSY_TIMEOUT = 30.0  # seconds that a statement waits for another program's write
RECONNECT_PAUSES = (
    0.1,
    0.5,
    2.0,
    5.0,
    10.0,
    20.0,
    30.0,
    60.0,
)  # seconds between attempts to reach a lost server


class Database:
    """Transactions on one address; raises our errors instead of the driver's."""

    def __init__(self, address: Address, file_options: Mapping[str, str] | None = None) -> None:
        """`file_options`: of SQLite's own URLs, such as mode=ro; https://sqlite.org/uri.html."""
        self.address = address
        url = address.url
        if address.path and file_options:
            query = {**file_options, "uri": "true"}
            url = url.set(database=f"file:{quote(str(address.path))}", query=query)
        # hide_parameters: an error message must not carry a thousand candidates.
        # pool_pre_ping: a pooled connection may have died with the server since it was used.
        # pool_use_lifo: SQLite drops a connection's cached pages when another one has written.
        ping = address.path is None
        try:
            self.engine = create_engine(
                url, hide_parameters=True, pool_pre_ping=ping, pool_use_lifo=True
            )
        except ImportError:
            raise BadAddress(
                f"{address} needs the PostgreSQL driver: run `pip install 'evonas[postgres]'`."
            ) from None
        if address.path:
            _set_up_sqlite(self.engine)
        else:
            _set_up_postgresql(self.engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: one consistent view, no lock that a writer would notice."""
        with self._translated(), self.engine.connect() as connection:
            if self.address.path is None:  # a server's usual level shows others' commits
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, synced: bool = True) -> Iterator[Connection]:
        """A write transaction: all or nothing, one at a time on SQLite.

        On SQLite, `synced` waits for the disk: a power failure loses nothing. Without, it may lose
        the latest transactions (a kill does not), until the next synced one.
        """
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(evonas_synced=synced)
            with connection.begin():
                yield connection

    def pragma(self, *statements: str) -> list[str]:
        """What SQLite answers to PRAGMAs outside any transaction; inside, some do nothing."""
        with self._translated():
            try:
                with closing(self.engine.raw_connection()) as connection:
                    cursor: Any = connection.cursor()
                    answers = [cursor.execute(statement).fetchone() for statement in statements]
            except sqlite3.Error as error:
                raise DBAPIError.instance("PRAGMA", None, error, sqlite3.Error) from error
        return [str(answer[0]) if answer else "" for answer in answers]

    def patiently(self, operation: Callable[[], T]) -> T:
        """Calls the operation, which must be safe to repeat, again while the server is away."""
        for pause in RECONNECT_PAUSES:
            try:
                return operation()
            except ConnectionLost:
                time.sleep(pause)
        return operation()

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            ours = translate(error, self.address)
            if ours is None:
                raise
            raise ours from error


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = (
            None  # the driver's implicit BEGIN is wrong for us; see on_begin
        )
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        # Digests and keys fall all over their indexes, 156 MB of them in a million rows: a cache of
        # 192 MB and a rarer checkpoint (each 128 MB, which writes half as many pages as each 32 MB
        # does) keep commits as fast in a long history as in a short one.
        connection.execute("PRAGMA cache_size = -196608")
        connection.execute("PRAGMA wal_autocheckpoint = 32000")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        synced = connection.get_execution_options().get("evonas_synced")
        if synced is None:
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        # A deferred transaction that writes after reading can fail at once instead of waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: object) -> None:
        # A driver that is paused inside a transaction must not keep its locks for ever.
        seconds = f"{BUSY_TIMEOUT:.0f}s"
        connection.execute(f"SET idle_in_transaction_session_timeout = '{seconds}'")
        connection.commit()
