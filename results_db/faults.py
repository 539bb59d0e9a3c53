"""What a driver's error means: from SQLAlchemy's exceptions to ours, each with what to do."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from results_db.address import Address
from results_db.errors import DamagedDatabase, DatabaseError, DatabaseUnavailable

# What SQLite says, lower case -> (our error, what to do).
_SQLITE: tuple[tuple[str, type[DatabaseError], str], ...] = (
    (
        "not a database",
        DamagedDatabase,
        "Restore a backup, or move the file away to start a new one.",
    ),
    (
        "malformed",
        DamagedDatabase,
        'Restore a backup, or save what is left with `sqlite3 FILE ".recover"`.',
    ),
    (
        "disk is full",
        DatabaseUnavailable,
        "Free space on that disk and resume; everything committed so far is kept.",
    ),
    (
        "disk i/o error",
        DatabaseUnavailable,
        "Check the disk and its free space, then resume; what was committed is kept.",
    ),
    (
        "readonly database",
        DatabaseUnavailable,
        "Make the file and its directory writable, or give another path.",
    ),
    (
        "unable to open",
        DatabaseUnavailable,
        "The directory must exist and be writable; or give another path.",
    ),
    (
        "locked",
        DatabaseUnavailable,
        "Another program has been writing for a long time; stop it, then resume.",
    ),
)


class ConnectionLost(DatabaseUnavailable):
    """The server went away in the middle; what was not acknowledged can be tried again."""


def translate(error: DBAPIError, address: Address) -> DatabaseError | None:
    """Our error for a driver's; None where the driver's own says more (a programming error)."""
    if isinstance(error, IntegrityError):
        return None
    said = address.hide(str(error.orig).strip().partition("\n")[0])
    if address.path:
        for words, kind, advice in _SQLITE:
            if words in said.lower():
                return kind(f"{address}: {said}. {advice}")
        return None
    if error.connection_invalidated or isinstance(error, OperationalError):
        return ConnectionLost(
            f"{address}: {said}. Check that the server runs and accepts you, then resume the run."
        )
    return None
