"""The results database, where one is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results_db.store import ResultsDB


@contextmanager
def database_if_any(url: str) -> Iterator[ResultsDB | None]:
    """The database at the URL, None if there is none; raises if it is not ours or unreadable."""
    from results_db.errors import DatabaseNotFound
    from results_db.store import ResultsDB

    try:
        db = ResultsDB.open(url, create=False)
    except DatabaseNotFound:
        yield None
        return
    with db:
        yield db
