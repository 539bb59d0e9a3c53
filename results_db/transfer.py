"""Runs moved about: forked under another config, copied to another database, merged into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import select, update

from results_db.errors import BadRecord, RunExists, RunNotFound
from results_db.evaluations import insert_or_keep
from results_db.records import CandidateRecord, RunRecord
from results_db.store import ResultsDB
from results_db.tables import EvaluationRow, RunRow

CHUNK = 1000  # rows per transaction


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
        db.create_run(name, wanted[0], config, budget=budget)
        _set_origin(db, name, source, at)
    if db.count(name) <= at:
        _extend(db, name, db.candidates(source, first=db.count(name), last=at))
        with db.writer(name) as writer:
            for hardware in origin.hardware:
                writer.note_hardware(hardware)
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
        target.create_run(there, run.seed, run.config, budget=run.budget)
        if run.forked_from is not None and run.forked_at is not None:
            _set_origin(target, there, run.forked_from, run.forked_at)
    known = _agreed(source, name, target, there, extent)
    last = source.count(name) - 1
    if known <= last:
        _extend(target, there, source.candidates(name, first=known, last=last))
        budgets = (run.budget, target.run(there).budget)
        target.set_budget(there, None if None in budgets else max(filter(None, budgets)))
        target.set_config(there, run.config)
        target.set_state(there, run.state)
    with target.writer(there) as writer:
        for baseline in source.baselines(name):
            writer.store_baseline(baseline)
        for hardware in run.hardware:
            writer.note_hardware(hardware)
        writer.store_audited([layer for layer in source.audited(name) if layer.number <= last])
    for rerank in source.reranks(name):
        target.store_rerank(replace(rerank, run=there))
    return max(0, last + 1 - known)


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
            "Copy under another name."
        )
    return target.count(there)


def _extend(db: ResultsDB, name: str, rows: Iterator[CandidateRecord]) -> None:
    with db.writer(name) as writer:
        while chunk := list(islice(rows, CHUNK)):
            writer.commit(chunk)


def _exists(db: ResultsDB, name: str) -> bool:
    try:
        db.run(name)
    except RunNotFound:
        return False
    return True


def _set_origin(db: ResultsDB, name: str, source: str, at: int) -> None:
    with db.database.write() as connection:
        values = {"forked_from": source, "forked_at": at}
        connection.execute(update(RunRow).where(RunRow.name == name).values(values))
