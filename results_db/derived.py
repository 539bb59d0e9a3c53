"""Tallies and the Pareto front, kept beside the history so that no query reads a million rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from results_db.front import Front, extend, objectives
from results_db.tables import CandidateRow, FrontRow, TallyRow

BUCKET = 1000  # candidates that share a row of each tally: the resolution of the funnel over time

Row = Mapping[str, Any]  # the column values of a candidate


def add_tallies(connection: Connection, run_id: int, rows: Iterable[Row]) -> None:
    """Adds the rows to the counts and sums of their buckets."""
    counts: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        bucket = row["number"] // BUCKET
        if row["repeat_of"] is not None:
            counts[bucket, "repeated", row["verdict"]] += 1
            counts[bucket, "sum", "cached"] += bool(row["cached"])
            continue
        counts[bucket, "verdict", row["verdict"]] += 1
        if row["scores"] == "{}":
            counts[bucket, "unscored", row["verdict"]] += 1
        counts[bucket, "sum", "attempts"] += row["attempts"]
        counts[bucket, "sum", "cached"] += bool(row["cached"])
        for check, times in json.loads(row["refused"]).items():
            counts[bucket, "refused", check] += times
    deltas = [
        {"run_id": run_id, "bucket": bucket, "kind": kind, "name": name, "total": total}
        for (bucket, kind, name), total in sorted(counts.items())
    ]
    connection.execute(_add(connection.dialect.name), deltas)


@cache
def _add(dialect: str) -> Insert:
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(TallyRow)
    return statement.on_conflict_do_update(
        index_elements=["run_id", "bucket", "kind", "name"],
        set_={"total": TallyRow.total + statement.excluded.total},
    )


def read_front(connection: Connection, run_id: int) -> Front:
    """The stored Pareto front of the run."""
    members = select(CandidateRow.number, CandidateRow.scores, CandidateRow.costs).where(
        *front_members(run_id)
    )
    return {
        row.number: objectives(json.loads(row.scores), json.loads(row.costs))
        for row in connection.execute(members)
    }


def front_members(run_id: int) -> tuple[ColumnElement[bool], ...]:
    """The candidates on the run's stored front; not a join, which SQLite turns round and scans."""
    numbers = select(FrontRow.number).where(FrontRow.run_id == run_id)
    return CandidateRow.run_id == run_id, CandidateRow.number.in_(numbers)


def extend_front(front: Front, rows: Iterable[Row]) -> Front:
    """The front after these rows; the given one stays as it is."""
    ranked = (row for row in rows if row["mean_score"] is not None)
    points = {
        row["number"]: objectives(json.loads(row["scores"]), json.loads(row["costs"]))
        for row in ranked
    }
    return extend(front, points)


def write_front(connection: Connection, run_id: int, old: Front, new: Front) -> None:
    """Stores the difference between two fronts."""
    if gone := sorted(old.keys() - new.keys()):
        connection.execute(
            delete(FrontRow).where(FrontRow.run_id == run_id, FrontRow.number.in_(gone))
        )
    if come := sorted(new.keys() - old.keys()):
        connection.execute(insert(FrontRow), [{"run_id": run_id, "number": n} for n in come])
