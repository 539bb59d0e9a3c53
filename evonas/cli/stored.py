"""Which database a command uses: one that it can do without, and how to name it again."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from evonas.cli.options import DEFAULT_DATABASE
from evonas.stored import database_if_any

if TYPE_CHECKING:
    from results_db.store import ResultsDB

__all__ = ["database_if_any", "database_option"]


def database_option(db: ResultsDB) -> str:
    """What a command needs to find this database again: ` --db URL`, nothing for the default.

    A password is left out, as everywhere; then the URL is to be completed by hand.
    """
    from results_db.address import Address
    from results_db.errors import BadAddress

    with suppress(BadAddress):  # of EVONAS_DB, where --db was given
        default = Address.parse(os.environ.get("EVONAS_DB") or DEFAULT_DATABASE)
        if db.address == str(default):
            return ""
    url = db.address if "://" in db.address else f"sqlite:///{db.address}"
    return f" --db {shlex.quote(url)}"
