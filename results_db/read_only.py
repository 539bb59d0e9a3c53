"""Opening an SQLite file that may not be written: a colleague's, an archive's."""

from __future__ import annotations

import os
from pathlib import Path

from results_db.address import Address
from results_db.database import Database
from results_db.errors import DatabaseUnavailable


def may_be_written(path: Path) -> bool:
    """Whether this process may write the file, and beside it what SQLite needs there."""
    as_now = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=as_now) for place in (path, path.parent))


def open_to_read(address: Address) -> Database:
    """The database for reading. Raises DatabaseUnavailable if that would miss its latest rows."""
    assert address.path is not None
    log = address.path.with_name(address.path.name + "-wal")
    if log.exists():  # another process has the file open, or died with it
        try:
            return _opened(address, {"mode": "ro"})
        except DatabaseUnavailable as error:
            if log.stat().st_size:
                raise DatabaseUnavailable(
                    f"{address} may not be written, and its latest rows are in {log.name}, which "
                    "cannot be read without. Copy both files to a directory of your own."
                ) from error
    # Without locks, which SQLite would keep in files of ours that bar the owner.
    return _opened(address, {"mode": "ro", "immutable": "1"})


def _opened(address: Address, file_options: dict[str, str]) -> Database:
    database = Database(address, file_options)
    try:
        database.pragma("PRAGMA schema_version")  # the first to touch the file
    except BaseException:
        database.close()
        raise
    return database
