"""Reading a run: history, window, funnel, leaderboard, Pareto front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from results_db.database import Database
from results_db.derived import BUCKET, front_members
from results_db.records import (
    SCORED,
    BaselineRecord,
    CandidateRecord,
    FoundLayer,
    Funnel,
    FunnelStep,
    RankedLayer,
)
from results_db.rows import FLOAT_BYTES, baseline_record, candidate_record, unpack
from results_db.tables import BaselineRow, CandidateRow, FrontRow, RunRow, TallyRow

CHUNK = 1000  # rows per transaction: a long one would keep SQLite's log from being emptied
_COLUMNS = tuple(CandidateRow.__table__.c)
# Made once, as a driver asks it of many layers that look like an old one.
_FINGERPRINT = (
    select(CandidateRow.fingerprint)
    .join(RunRow, RunRow.id == CandidateRow.run_id)
    .where(RunRow.name == bindparam("run"), CandidateRow.number == bindparam("number"))
)


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


def window(
    database: Database, run_id: int, last: int, size: int, slots: tuple[int, int]
) -> list[CandidateRecord]:
    """The latest `size` scored candidates with a number up to `last`, oldest first; of those slots
    alone that leave the first of `slots` when divided by the second.
    """
    rest, divisor = slots
    latest = (
        select(*_COLUMNS)
        .where(
            CandidateRow.run_id == run_id,
            CandidateRow.verdict == SCORED,
            CandidateRow.repeat_of.is_(None),
            CandidateRow.number <= last,
            func.coalesce(CandidateRow.slot, CandidateRow.number) % divisor == rest,
        )
        .order_by(CandidateRow.number.desc())
        .limit(size)
    )
    with database.read() as connection:
        rows = connection.execute(latest).all()
    return [candidate_record(row) for row in reversed(rows)]


def fingerprints(
    database: Database, run_id: int, last: int | None, originals: bool, head: int | None
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Numbers and fingerprints of the candidates up to `last` that have one, in order."""
    first = 0
    chosen = [CandidateRow.run_id == run_id]
    values: ColumnElement[bytes] | InstrumentedAttribute[bytes] = CandidateRow.fingerprint
    if head is not None:
        values = func.substr(values, 1, FLOAT_BYTES * head, type_=LargeBinary)
    if originals:
        chosen.append(CandidateRow.duplicate_of.is_(None))
    if last is not None:
        chosen.append(CandidateRow.number <= last)
    while True:
        chunk = (
            select(CandidateRow.number, values)
            .where(*chosen, CandidateRow.number >= first)
            .order_by(CandidateRow.number)
            .limit(10 * CHUNK)
        )
        with database.read() as connection:
            rows = connection.execute(chunk).all()
        yield from ((number, unpack(data)) for number, data in rows if data)
        if len(rows) < 10 * CHUNK:
            return
        first = rows[-1].number + 1


def fingerprint(database: Database, run: str, number: int) -> tuple[float, ...] | None:
    """The fingerprint of one candidate, None if there is no such candidate."""

    def read() -> bytes | None:
        with database.read() as connection:
            chosen = connection.execute(_FINGERPRINT, {"run": run, "number": number})
            return chosen.scalar_one_or_none()

    data = database.patiently(read)
    return None if data is None else unpack(data)


def repeats(
    database: Database, run_id: int, least: int, last: int | None, of: int | None
) -> list[CandidateRecord]:
    """The re-evaluations of one candidate, or of those from number `least` on, up to row `last`, in
    order.
    """
    wanted = CandidateRow.repeat_of >= least if of is None else CandidateRow.repeat_of == of
    chosen = [CandidateRow.run_id == run_id, wanted]
    if last is not None:
        chosen.append(CandidateRow.number <= last)
    rows = select(*_COLUMNS).where(*chosen).order_by(CandidateRow.number)
    with database.read() as connection:
        return [candidate_record(row) for row in connection.execute(rows)]


def repeated(database: Database, run_id: int) -> list[CandidateRecord]:
    """The candidates that were evaluated again, in order of their numbers."""
    numbers = select(CandidateRow.repeat_of).where(
        CandidateRow.run_id == run_id, CandidateRow.repeat_of.is_not(None)
    )
    mine = (CandidateRow.run_id == run_id, CandidateRow.number.in_(numbers))
    rows = select(*_COLUMNS).where(*mine).order_by(CandidateRow.number)
    with database.read() as connection:
        return [candidate_record(row) for row in connection.execute(rows)]


def slots(database: Database, run_id: int) -> Iterator[int]:
    """The slot of every candidate, in the order of committing, some at a time."""
    slot = func.coalesce(CandidateRow.slot, CandidateRow.number)
    chosen = select(slot).where(CandidateRow.run_id == run_id).order_by(CandidateRow.number)
    first = 0
    while True:
        chunk = chosen.where(CandidateRow.number >= first).limit(10 * CHUNK)
        with database.read() as connection:
            rows = connection.execute(chunk).scalars().all()
        yield from rows
        if len(rows) < 10 * CHUNK:
            return
        first += len(rows)


def count(database: Database, run_id: int) -> int:
    """How many candidates are committed."""
    last = select(func.max(CandidateRow.number)).where(CandidateRow.run_id == run_id)
    with database.read() as connection:
        number = connection.execute(last).scalar_one()
    return 0 if number is None else number + 1


def funnel(database: Database, run_id: int) -> Funnel:
    """Where candidates and attempts ended."""
    named = (TallyRow.kind, TallyRow.name)
    totals = select(*named, func.sum(TallyRow.total).label("total")).group_by(*named)
    with database.read() as connection:
        return _funnel(connection.execute(totals.where(TallyRow.run_id == run_id)).all())


def funnel_over_time(database: Database, run_id: int) -> list[FunnelStep]:
    """The funnel of every BUCKET candidates in turn."""
    tallies = select(TallyRow.bucket, TallyRow.kind, TallyRow.name, TallyRow.total)
    with database.read() as connection:
        rows = connection.execute(
            tallies.where(TallyRow.run_id == run_id).order_by(TallyRow.bucket)
        ).all()
        times = select(CandidateRow.number, CandidateRow.committed_at).where(
            CandidateRow.run_id == run_id,
            CandidateRow.number.in_(
                select(TallyRow.bucket * BUCKET).where(TallyRow.run_id == run_id)
            ),
        )
        began = {row.number: row.committed_at for row in connection.execute(times)}
    steps = []
    for bucket, group in groupby(rows, key=lambda row: row.bucket):
        first = bucket * BUCKET
        steps.append(FunnelStep(first=first, began_at=began[first], funnel=_funnel(list(group))))
    return steps


def pareto(database: Database, run_id: int) -> list[CandidateRecord]:
    """The scored candidates that no other one dominates, in order of their numbers."""
    members = select(*_COLUMNS).where(*front_members(run_id)).order_by(CandidateRow.number)
    with database.read() as connection:
        return [candidate_record(row) for row in connection.execute(members)]


def top(database: Database, run_id: int, places: int) -> list[RankedLayer]:
    """The leaderboard: best mean over all seeds first, the older candidate first among equals."""
    best = (
        select(*_COLUMNS)
        .where(CandidateRow.run_id == run_id, CandidateRow.mean_score.is_not(None))
        .order_by(CandidateRow.mean_score.desc(), CandidateRow.number)
        .limit(places)
    )
    with database.read() as connection:
        rows = connection.execute(best).all()
        front = select(FrontRow.number).where(FrontRow.run_id == run_id)
        members = set(connection.execute(front).scalars())
    return [
        RankedLayer(
            rank=rank,
            candidate=candidate_record(row),
            mean=row.mean_score,
            pareto=row.number in members,
        )
        for rank, row in enumerate(rows, start=1)
    ]


def baselines(database: Database, run_id: int) -> list[BaselineRecord]:
    """The run's baselines, by name."""
    rows = select(*BaselineRow.__table__.c).where(BaselineRow.run_id == run_id)
    with database.read() as connection:
        return [baseline_record(row) for row in connection.execute(rows.order_by(BaselineRow.name))]


def find_layer(database: Database, start: str, limit: int) -> list[FoundLayer]:
    """The candidates of all runs whose digest starts so; not their re-evaluations."""
    chosen = (
        select(RunRow.name.label("run_name"), *_COLUMNS)
        .join(RunRow, RunRow.id == CandidateRow.run_id)
        .where(
            CandidateRow.digest >= start,
            CandidateRow.digest < start + "g",  # just above the hex digits
            CandidateRow.repeat_of.is_(None),
        )
        .order_by(CandidateRow.digest, CandidateRow.run_id, CandidateRow.number)
        .limit(limit)
    )
    with database.read() as connection:
        rows = connection.execute(chosen).all()
    return [FoundLayer(run=row.run_name, candidate=candidate_record(row)) for row in rows]


def _funnel(rows: Sequence[Any]) -> Funnel:
    kinds = ("verdict", "unscored", "refused", "sum", "repeated")
    counts: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    for row in rows:
        counts[row.kind][row.name] = int(row.total)
    return Funnel(
        candidates=sum(counts["verdict"].values()),
        verdicts=counts["verdict"],
        unscored=counts["unscored"],
        attempts=counts["sum"].get("attempts", 0),
        refused=counts["refused"],
        cached=counts["sum"].get("cached", 0),
        repeated=counts["repeated"],
    )
