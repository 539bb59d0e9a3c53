"""Opening: tells our databases from others, checks the schema version, makes new tables."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from results_db.address import Address
from results_db.database import Database
from results_db.errors import (
    DatabaseError,
    DatabaseNotFound,
    DatabaseUnavailable,
    ForeignDatabase,
    SchemaMismatch,
)
from results_db.filesystem import network_kind
from results_db.read_only import may_be_written, open_to_read
from results_db.tables import SCHEMA_VERSION, Base, SchemaRow

APPLICATION_ID = 0x45564F4E  # "EVON" in the header of our SQLite files
_MAGIC = b"SQLite format 3\0"
_ADVISORY_LOCK = APPLICATION_ID  # PostgreSQL: one creator at a time

logger = logging.getLogger(__name__)


def open_database(url: str, *, create: bool) -> Database:
    """A database whose schema is the current one; with `create`, the tables of a new one are made.

    Raises BadAddress, DatabaseNotFound, ForeignDatabase, DamagedDatabase, SchemaMismatch,
    DatabaseUnavailable.
    """
    database = connect(url, create=create)
    try:
        if create:
            with database.write() as connection:
                _create_tables(connection)
        with database.read() as connection:
            version = schema_version(connection)
        if version != SCHEMA_VERSION:
            raise mismatch(database.address, version)
    except BaseException:
        database.close()
        raise
    return database


def connect(url: str, *, create: bool) -> Database:
    """A connection to a database of any schema version, or to an empty one under `create`.

    Without `create`, a file that may not be written is opened for reading.
    """
    address = Address.parse(url)
    new = _check_file(address.path, create=create) if address.path else False
    if address.path and not create and not may_be_written(address.path):
        return open_to_read(address)
    database = Database(address)
    try:
        if address.path:
            _set_up_file(database, address.path, new=new)
    except BaseException:
        database.close()
        raise
    return database


def schema_version(connection: Connection) -> int:
    """The schema version of the database; 0 if it has no tables of ours."""
    if not inspect(connection).has_table(SchemaRow.__tablename__):
        return 0
    version = connection.execute(select(SchemaRow.version_num)).scalar_one_or_none()
    return int(version or 0)


def _check_file(path: Path, *, create: bool) -> bool:
    """Whether the file is yet to be made; reads no more than the header, touches nothing."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            if not create:
                raise DatabaseNotFound(
                    f"there is no database at {path}. "
                    "Start one with `evonas search`, or set EVONAS_DB."
                )
            if not path.parent.is_dir():
                raise DatabaseUnavailable(
                    f"the directory {path.parent} does not exist. Make it, or give another path."
                )
            return True
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be read: {error.strerror}. Check the path and its permissions."
        ) from error
    advice = "Give another path to `--db` or EVONAS_DB; this file is left as it is."
    if not header.startswith(_MAGIC):
        raise ForeignDatabase(f"{path} is not an SQLite database. {advice}")
    if len(header) < 100 or struct.unpack(">I", header[68:72])[0] != APPLICATION_ID:
        raise ForeignDatabase(
            f"{path} is an SQLite database of another program, not one of evonas. {advice}"
        )
    return False


def _set_up_file(database: Database, path: Path, *, new: bool) -> None:
    kind = network_kind(path)
    if kind:
        logger.warning(
            "%s is on a network file system (%s): slower, and readers may make the run wait. "
            "Better a path on a local disk, or a postgresql:// URL.",
            path,
            kind,
        )
    mode = "DELETE" if kind else "WAL"
    # The mark before WAL, so that it is in the file itself: a kill must leave no foreign file.
    mark = [f"PRAGMA application_id = {APPLICATION_ID}"] if new else []
    answer = database.pragma(*mark, f"PRAGMA journal_mode = {mode}")[-1]
    if kind and answer != "delete":
        raise DatabaseUnavailable(
            f"{path} is on a network file system ({kind}) and another program has it open with a "
            "write-ahead log, which is unsafe there. Stop that program, or use postgresql://."
        )


def _create_tables(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    if schema_version(connection) == 0:
        Base.metadata.create_all(connection)
        connection.execute(insert(SchemaRow), {"version_num": f"{SCHEMA_VERSION:04}"})


def mismatch(address: Address, version: int) -> DatabaseError:
    """The error for a database of another schema version; 0: it has none."""
    if version == 0:
        return DatabaseNotFound(
            f"{address} holds no results of evonas. "
            "Start a run with `evonas search`, or set EVONAS_DB."
        )
    if version < SCHEMA_VERSION:
        advice = "Make a backup, then run `evonas db upgrade`."
    else:
        advice = "A newer evonas wrote it: run `pip install --upgrade evonas`."
    return SchemaMismatch(
        f"{address} has schema version {version}; this evonas reads {SCHEMA_VERSION}. {advice}"
    )
