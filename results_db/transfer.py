"""Runs moved about: forked under another config, copied to another database, merged into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import select

from results_db.errors import BadRecord, RunExists, RunNotFound
from results_db.evaluations import insert_or_keep
from results_db.records import (
    NOT_STARTED,
    AuditedRecord,
    BaselineRecord,
    CandidateRecord,
    RunRecord,
)
from results_db.store import ResultsDB
from results_db.tables import EvaluationRow
from results_db.writer import RunWriter

CHUNK = 1000  # rows per transaction

_Measured = TypeVar("_Measured", BaselineRecord, AuditedRecord)


def fork_run(
    db: ResultsDB,
    source: str,
    name: str,
    *,
    config: dict[str, Any],
    seed: int | None = None,
    budget: int | None = None,
    at: int | None = None,
) -> RunRecord:
    """A new run that shares the candidates up to number `at` (all) and goes on with another config.

    The same call again finishes one that was interrupted. Raises RunNotFound, RunExists, BadRecord.
    """
    origin = db.run(source)
    last = db.count(source) - 1
    at = last if at is None else at
    if not 0 <= at <= last:
        raise BadRecord(
            f"run {source!r} can be forked at candidates 0 to {last}, given {at}."
            if last >= 0
            else f"run {source!r} has no candidates yet to fork from; start a new run instead."
        )
    wanted = (origin.seed if seed is None else seed, config, source, at)
    if _exists(db, name):
        fork = db.run(name)
        if (fork.seed, fork.config, fork.forked_from, fork.forked_at) != wanted:
            raise RunExists(f"there is a run {name!r} in {db.address}. Choose another name.")
    else:
        db.create_run(name, wanted[0], config, budget=budget, forked=(source, at))
    if db.count(name) <= at:
        with db.writer(name) as writer:
            for hardware in origin.hardware:
                writer.note_hardware(hardware)
            _extend(writer, db.candidates(source, first=writer.next_number, last=at))
    return db.run(name)


def copy_run(
    source: ResultsDB,
    target: ResultsDB,
    name: str,
    *,
    new_name: str | None = None,
    extent: Sequence[str] = (),
) -> int:
    """Copies a run, its baselines and reranks to another database; how many candidates were new.

    A run of that name, seed and config there is continued where it ends, if its history agrees so
    far; the same call again finishes one that was interrupted. `extent` names the settings that say
    how far a run goes: they may differ, and the copy takes those of the run that it continues.

    Raises RunNotFound, RunExists, RunLocked.
    """
    run = source.run(name)
    there = new_name or name
    if not _exists(target, there):
        at = run.forked_at
        forked = None if run.forked_from is None or at is None else (run.forked_from, at)
        target.create_run(there, run.seed, run.config, budget=run.budget, forked=forked)
    with target.writer(there) as writer:
        known = _agreed(source, name, target, there, extent)
        last = source.count(name) - 1
        for hardware in run.hardware:
            writer.note_hardware(hardware)
        if known <= last:
            writer.set_state(NOT_STARTED)  # until it is whole: the next call sees to it
            budgets = (run.budget, target.run(there).budget)
            target.set_budget(there, None if None in budgets else max(filter(None, budgets)))
            target.set_config(there, run.config)
            _extend(writer, source.candidates(name, first=known, last=last))
        _add_further(source, name, target, there, writer, last)
        if known <= last + 1 and target.run(there).state == NOT_STARTED:
            writer.set_state(run.state)
    for rerank in source.reranks(name):
        target.store_rerank(replace(rerank, run=there))
    return max(0, last + 1 - known)


def _add_further(
    source: ResultsDB, name: str, target: ResultsDB, there: str, writer: RunWriter, last: int
) -> None:
    """Copies the baselines, and the audited layers up to candidate `last`; what the target has a
    result of stays as it is.
    """
    measured = {one.name for one in _with_result(target, target.baselines(there))}
    for baseline in source.baselines(name):
        if baseline.name not in measured:
            writer.store_baseline(baseline)
    followed = {one.digest for one in _with_result(target, target.audited(there))}
    audited = source.audited(name)
    writer.store_audited([a for a in audited if a.number <= last and a.digest not in followed])


def _with_result(db: ResultsDB, records: Sequence[_Measured]) -> list[_Measured]:
    stored = db.find_evaluations([record.evaluation_key for record in records])
    return [record for record in records if record.evaluation_key in stored]


def copy_evaluations(source: ResultsDB, target: ResultsDB) -> int:
    """Copies every finished evaluation whose key is not there yet; how many were read."""
    columns = tuple(EvaluationRow.__table__.c)
    after, total = "", 0
    while True:
        chunk = (
            select(*columns)
            .where(EvaluationRow.key > after)
            .order_by(EvaluationRow.key)
            .limit(CHUNK)
        )
        with source.database.read() as connection:
            rows = [dict(row._mapping) for row in connection.execute(chunk)]
        if not rows:
            return total
        with target.database.write() as connection:
            connection.execute(insert_or_keep(connection.dialect.name), rows)
        after, total = rows[-1]["key"], total + len(rows)


def merge(source: ResultsDB, target: ResultsDB, extent: Sequence[str] = ()) -> dict[str, int]:
    """Copies all runs and evaluations; the new candidates by run. `extent`: as in `copy_run`."""
    copy_evaluations(source, target)
    return {run.name: copy_run(source, target, run.name, extent=extent) for run in source.runs()}


def _agreed(
    source: ResultsDB, name: str, target: ResultsDB, there: str, extent: Sequence[str]
) -> int:
    """How many candidates of the run the target holds; raises RunExists if it is another run."""
    a, b = source.run(name), target.run(there)
    shared = min(source.count(name), target.count(there))
    kinds = [{key: run.config[key] for key in run.config if key not in extent} for run in (a, b)]
    differs = "seed or config" if a.seed != b.seed or kinds[0] != kinds[1] else None
    if differs is None:
        rows = zip(
            source.candidates(name, last=shared - 1),
            target.candidates(there, last=shared - 1),
            strict=True,
        )
        number = next((x.number for x, y in rows if x.history_row() != y.history_row()), None)
        differs = None if number is None else f"candidate {number}"
    if differs:
        raise RunExists(
            f"{target.address} has another run {there!r}: {differs} differs. "
            f"Copy under another name, as with `evonas db copy {name} --name NEW`."
        )
    return target.count(there)


def _extend(writer: RunWriter, rows: Iterator[CandidateRecord]) -> None:
    while chunk := list(islice(rows, CHUNK)):
        writer.commit(chunk)


def _exists(db: ResultsDB, name: str) -> bool:
    try:
        db.run(name)
    except RunNotFound:
        return False
    return True
