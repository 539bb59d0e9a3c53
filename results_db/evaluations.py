"""The evaluation cache: finished evaluations under their keys, shared by all runs."""

from __future__ import annotations

import time

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from results_db.database import Database
from results_db.records import EvaluationRecord
from results_db.rows import evaluation_record, evaluation_values
from results_db.tables import EvaluationRow


def store_evaluation(database: Database, record: EvaluationRecord) -> EvaluationRecord:
    """Stores the record unless its key is taken; returns what stands under the key."""
    values = evaluation_values(record, time.time())

    def store() -> None:
        with database.write() as connection:
            connection.execute(insert_or_keep(connection.dialect.name), values)

    database.patiently(store)
    stored = find_evaluation(database, record.key)
    return stored if stored is not None else record


def find_evaluation(database: Database, key: str) -> EvaluationRecord | None:
    """What is stored under the key, or None."""

    def find() -> EvaluationRecord | None:
        with database.read() as connection:
            row = connection.execute(
                select(*EvaluationRow.__table__.c).where(EvaluationRow.key == key)
            ).one_or_none()
        return evaluation_record(row) if row else None

    return database.patiently(find)


def insert_or_keep(dialect: str) -> Insert:
    """INSERT that leaves a row with the same key alone."""
    if dialect == "postgresql":
        return postgresql.insert(EvaluationRow).on_conflict_do_nothing(index_elements=["key"])
    return sqlite.insert(EvaluationRow).on_conflict_do_nothing(index_elements=["key"])
