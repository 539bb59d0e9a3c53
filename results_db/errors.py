"""What can go wrong: each error says what was given, what is allowed and what to do next."""

# ruff: noqa: N818  (RunNotFound reads better at a raise than RunNotFoundError)


class DatabaseError(Exception):
    """Base of everything that `results_db` raises on purpose."""


class BadAddress(DatabaseError):
    """The database URL cannot be used."""


class DatabaseNotFound(DatabaseError):
    """Nothing of ours is at the address, and creating it was not asked for."""


class ForeignDatabase(DatabaseError):
    """What is at the address belongs to another program; it is left untouched."""


class DamagedDatabase(DatabaseError):
    """The file is ours but its content cannot be read."""


class SchemaMismatch(DatabaseError):
    """The database was written under another schema version."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be used now: permissions, full disk, lock, lost connection."""


class RunNotFound(DatabaseError):
    """No run has that name."""


class CandidateNotFound(DatabaseError):
    """The run has no candidate of that number."""


class RunExists(DatabaseError):
    """A run of that name is there already."""


class RunLocked(DatabaseError):
    """Another driver holds the run."""


class LeaseLost(DatabaseError):
    """Another driver took the run over; nothing of this transaction was written."""


class HistoryGap(DatabaseError):
    """Candidates were handed in that do not continue the history."""


class BadRecord(DatabaseError):
    """A record holds a value that the database does not accept."""
