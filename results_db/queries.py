"""Reading a run: history, window, funnel, leaderboard, Pareto front."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from results_db.database import Database
from results_db.front import front
from results_db.records import SCORED, CandidateRecord, Funnel, RankedLayer
from results_db.rows import candidate_record
from results_db.tables import CandidateRow

CHUNK = 1000  # rows per transaction: a long one would keep SQLite's log from being emptied
_COLUMNS = tuple(CandidateRow.__table__.c)


def candidates(
    database: Database, run_id: int, first: int, last: int | None, verdict: str | None
) -> Iterator[CandidateRecord]:
    """The candidates first..last (both included) in order, a chunk at a time."""
    chosen = [CandidateRow.run_id == run_id]
    if last is not None:
        chosen.append(CandidateRow.number <= last)
    if verdict is not None:
        chosen.append(CandidateRow.verdict == str(verdict))
    while True:
        chunk = (
            select(*_COLUMNS)
            .where(*chosen, CandidateRow.number >= first)
            .order_by(CandidateRow.number)
            .limit(CHUNK)
        )
        with database.read() as connection:
            rows = connection.execute(chunk).all()
        yield from map(candidate_record, rows)
        if len(rows) < CHUNK:
            return
        first = rows[-1].number + 1


def window(database: Database, run_id: int, last: int, size: int) -> list[CandidateRecord]:
    """The latest `size` scored candidates with a number up to `last`, oldest first."""
    latest = (
        select(*_COLUMNS)
        .where(
            CandidateRow.run_id == run_id,
            CandidateRow.verdict == SCORED,
            CandidateRow.number <= last,
        )
        .order_by(CandidateRow.number.desc())
        .limit(size)
    )
    with database.read() as connection:
        rows = connection.execute(latest).all()
    return [candidate_record(row) for row in reversed(rows)]


def count(database: Database, run_id: int) -> int:
    """How many candidates are committed."""
    last = select(func.max(CandidateRow.number)).where(CandidateRow.run_id == run_id)
    with database.read() as connection:
        number = connection.execute(last).scalar_one()
    return 0 if number is None else number + 1


def funnel(database: Database, run_id: int) -> Funnel:
    """Where candidates and attempts ended."""
    columns = (
        CandidateRow.verdict,
        CandidateRow.attempts,
        CandidateRow.refused,
        CandidateRow.cached,
    )
    verdicts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    attempts = cached = 0
    with database.read() as connection:
        for row in connection.execute(select(*columns).where(CandidateRow.run_id == run_id)):
            verdicts[row.verdict] += 1
            refused.update(json.loads(row.refused))
            attempts += row.attempts
            cached += row.cached
    total = verdicts.total()
    return Funnel(
        candidates=total,
        verdicts=dict(verdicts),
        attempts=attempts,
        refused=dict(refused),
        cached=cached,
    )


def pareto(database: Database, run_id: int) -> list[CandidateRecord]:
    """The scored candidates that no other one dominates, in order of their numbers."""
    scored = list(candidates(database, run_id, 0, None, SCORED))
    return [scored[index] for index in front([record.scores for record in scored])]


def top(database: Database, run_id: int, places: int) -> list[RankedLayer]:
    """The leaderboard: best mean first, the older candidate first among equals."""
    best = (
        select(*_COLUMNS)
        .where(CandidateRow.run_id == run_id, CandidateRow.mean_score.is_not(None))
        .order_by(CandidateRow.mean_score.desc(), CandidateRow.number)
        .limit(places)
    )
    with database.read() as connection:
        records = [candidate_record(row) for row in connection.execute(best)]
    members = {record.number for record in pareto(database, run_id)}
    return [
        RankedLayer(
            rank=rank,
            candidate=record,
            mean=record.mean_score or 0.0,
            pareto=record.number in members,
        )
        for rank, record in enumerate(records, start=1)
    ]
