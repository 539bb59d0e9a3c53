"""The rows of the runs themselves: made, found by name, changed."""

from __future__ import annotations

import difflib
import time
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from results_db.database import Database
from results_db.errors import BadRecord, RunExists, RunNotFound
from results_db.lease import held_by
from results_db.records import NOT_STARTED, RunRecord
from results_db.rows import json_text, run_record
from results_db.tables import LeaseRow, RunRow

_COLUMNS = tuple(RunRow.__table__.c)


def all_runs(database: Database) -> list[RunRecord]:
    """All runs, oldest first."""
    with database.read() as connection:
        rows = connection.execute(select(*_COLUMNS).order_by(RunRow.id)).all()
        return [run_record(row, held=held_by(connection, row.id) is not None) for row in rows]


def run(database: Database, run_id: int) -> RunRecord:
    """The run of that id."""
    with database.read() as connection:
        row = connection.execute(select(*_COLUMNS).where(RunRow.id == run_id)).one()
        return run_record(row, held=held_by(connection, run_id) is not None)


def id_of(database: Database, name: str) -> int:
    """The id of the run of that name; raises RunNotFound, which names the nearest."""
    with database.read() as connection:
        run_id = connection.execute(
            select(RunRow.id).where(RunRow.name == name)
        ).scalar_one_or_none()
        if run_id is not None:
            return run_id
        names = list(connection.execute(select(RunRow.name).order_by(RunRow.id)).scalars())
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    else:
        hint = (
            "`evonas runs` lists them."
            if names
            else "It holds no run yet; start one with `evonas search`."
        )
    raise RunNotFound(f"there is no run {name!r} in {database.address}. {hint}")


def create(
    database: Database,
    name: str,
    seed: int,
    config: dict[str, Any],
    budget: int | None,
    forked: tuple[str, int] | None,
) -> None:
    """Makes a run with an empty history, and its lease; raises RunExists, BadRecord.

    `forked`: from which run, and the last candidate that the two are to share.
    """
    if not name or len(name) > 200:
        raise BadRecord(f"a run's name has 1 to 200 characters, given {len(name)}.")
    if not 0 <= seed < 2**63:
        raise BadRecord(f"a run's seed is a whole number from 0 to 2**63 - 1, given {seed}.")
    now = time.time()
    source, at = forked or (None, None)
    values = {
        "name": name,
        "seed": seed,
        "config": json_text(config, f"config of run {name!r}"),
        "state": NOT_STARTED,
        "budget": budget,
        "created_at": now,
        "updated_at": now,
        "forked_from": source,
        "forked_at": at,
    }
    try:
        with database.write() as connection:
            run_id = connection.execute(
                insert(RunRow).values(values).returning(RunRow.id)
            ).scalar_one()
            free = {"run_id": run_id, "fence": 0, "beat": 0, "host": "", "place": "", "pid": 0}
            connection.execute(insert(LeaseRow).values(free))
    except IntegrityError:
        raise RunExists(
            f"there is a run {name!r} in {database.address}. Choose another name, or resume it."
        ) from None


def change(database: Database, run_id: int, **values: object) -> None:
    """Sets columns of a run, whoever holds it."""
    with database.write() as connection:
        connection.execute(
            update(RunRow).where(RunRow.id == run_id).values(updated_at=time.time(), **values)
        )
