"""The layers that a run's audit follows: those that a check threw out, trained all the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from results_db.database import Database
from results_db.records import AuditedRecord
from results_db.rows import audited_record, audited_values
from results_db.tables import AuditedRow


def audited(database: Database, run_id: int) -> list[AuditedRecord]:
    """The audited layers of a run, in the order in which they were met."""
    chosen = (
        select(*AuditedRow.__table__.c)
        .where(AuditedRow.run_id == run_id)
        .order_by(AuditedRow.number, AuditedRow.digest)
    )
    with database.read() as connection:
        return [audited_record(row) for row in connection.execute(chosen)]


def put_audited(connection: Connection, run_id: int, records: Sequence[AuditedRecord]) -> None:
    """Stores audited layers; of one that is there, where its result stands and how it failed."""
    if records:
        rows = [audited_values(record, run_id) for record in records]
        connection.execute(_put(connection.dialect.name), rows)


@cache
def _put(dialect: str) -> Insert:
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(AuditedRow)
    told = {name: statement.excluded[name] for name in ("evaluation_key", "failure")}
    return statement.on_conflict_do_update(index_elements=["run_id", "digest"], set_=told)
