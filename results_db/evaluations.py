"""The evaluation cache: finished evaluations under their keys, shared by all runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

from sqlalchemy import Insert, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from results_db.database import Database
from results_db.records import EvaluationRecord
from results_db.rows import evaluation_record, evaluation_values
from results_db.tables import EvaluationRow

CHUNK = 500  # keys per query
_UNDER_KEYS = select(*EvaluationRow.__table__.c).where(
    EvaluationRow.key.in_(bindparam("keys", expanding=True))
)


def store_evaluations(
    database: Database, records: Sequence[EvaluationRecord], *, synced: bool = True
) -> list[EvaluationRecord]:
    """Stores each record unless its key is taken, all or none; returns what stands under them."""
    values = [evaluation_values(record, time.time()) for record in records]

    def store() -> int:
        with database.write(synced=synced) as connection:
            return connection.execute(insert_or_keep(connection.dialect.name), values).rowcount

    if not values or database.patiently(store) == len(values):
        return list(records)  # all were new, so they are what stands
    stored = find_evaluations(database, [record.key for record in records])
    return [stored.get(record.key, record) for record in records]


def find_evaluations(database: Database, keys: Sequence[str]) -> dict[str, EvaluationRecord]:
    """What is stored under each of the keys that are there."""

    def find() -> dict[str, EvaluationRecord]:
        found = {}
        with database.read() as connection:
            for first in range(0, len(keys), CHUNK):
                chunk = {"keys": keys[first : first + CHUNK]}
                for row in connection.execute(_UNDER_KEYS, chunk):
                    found[row.key] = evaluation_record(row)
        return found

    return database.patiently(find) if keys else {}


@cache
def insert_or_keep(dialect: str) -> Insert:
    """INSERT that leaves a row with the same key alone."""
    if dialect == "postgresql":
        return postgresql.insert(EvaluationRow).on_conflict_do_nothing(index_elements=["key"])
    return sqlite.insert(EvaluationRow).on_conflict_do_nothing(index_elements=["key"])
