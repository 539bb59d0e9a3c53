"""Which database a command uses: one that it can do without, and how to name it again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evonas.cli.options import DEFAULT_DATABASE

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


def database_option(db: ResultsDB) -> str:
    """What a command needs to find this database again: ` --db URL`, nothing for the default.

    A password is left out, as everywhere; then the URL is to be completed by hand.
    """
    from results_db.address import Address

    default = str(Address.parse(os.environ.get("EVONAS_DB") or DEFAULT_DATABASE))
    if db.address == default:
        return ""
    url = db.address if "://" in db.address else f"sqlite:///{db.address}"
    return f" --db {shlex.quote(url)}"
