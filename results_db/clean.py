"""What can go: whole runs by name, and the runs that never committed anything."""

from __future__ import annotations

from sqlalchemy import delete

from results_db.errors import RunLocked
from results_db.store import ResultsDB
from results_db.tables import RunRow


def delete_run(db: ResultsDB, name: str) -> None:
    """Removes a run and its history; evaluations stay. Raises RunNotFound, RunLocked."""
    db.run(name)
    if holder := db.holder(name):
        raise RunLocked(f"run {name!r} is being written by {holder}. Stop it, then delete it.")
    with db.database.write() as connection:
        connection.execute(delete(RunRow).where(RunRow.name == name))


def clean(db: ResultsDB, *, dry_run: bool) -> list[str]:
    """Deletes runs without candidates and without a driver; their names, also if `dry_run`."""
    names = [
        run.name for run in db.runs() if db.count(run.name) == 0 and db.holder(run.name) is None
    ]
    if not dry_run:
        for name in names:
            delete_run(db, name)
    return names
