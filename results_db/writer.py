"""The one writer of a run: what it commits is there as a whole, or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import Connection, bindparam, func, insert, select, update

from results_db.audited import put_audited
from results_db.database import Database
from results_db.derived import add_tallies, extend_front, read_front, write_front
from results_db.errors import HistoryGap
from results_db.evaluations import store_evaluations
from results_db.front import Front
from results_db.lease import Lease
from results_db.records import AuditedRecord, BaselineRecord, CandidateRecord, EvaluationRecord
from results_db.repeats import rank_anew
from results_db.rows import candidate_values, json_text
from results_db.tables import BaselineRow, CandidateRow, RunRow

# Evaluations that cost less are not worth the wait for the disk.
_CHEAP_SECONDS = 1.0

# Made once: every commit executes them.
_APPEND = insert(CandidateRow)
_LAST = select(func.max(CandidateRow.number)).where(CandidateRow.run_id == bindparam("run"))
_TOUCH = update(RunRow).where(RunRow.id == bindparam("run")).values(updated_at=bindparam("now"))


class RunWriter:
    """Commits to one run under a lease; leave the `with` block to let the next driver in.

    `front` is the run's Pareto front so far.

    Every method is one transaction, raises LeaseLost after a take-over (then nothing was written),
    and tries again when the connection to a server is lost.
    """

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        with database.read() as connection:
            self.next_number = self._count(connection)
            self.front = read_front(connection, lease.run_id)

    def commit(
        self, candidates: Sequence[CandidateRecord], audited: Sequence[AuditedRecord] = ()
    ) -> None:
        """Appends candidates to the history, all or none; their numbers go on from `next_number`.

        `audited`: layers thrown out on the way to these candidates, to be followed.

        Raises HistoryGap, BadRecord, LeaseLost, DatabaseUnavailable.
        """
        if not candidates:
            return
        given = [record.number for record in candidates]
        due = list(range(self.next_number, self.next_number + len(given)))
        if given != due:
            raise HistoryGap(
                f"run {self._lease.run_name!r} continues with candidate {self.next_number}, "
                f"in order and without gaps; given {given[:5]}{'...' if len(given) > 5 else ''}. "
                "Hold candidates back until their turn."
            )
        now = time.time()
        rows = [candidate_values(record, self._lease.run_id, now) for record in candidates]
        front = extend_front(self.front, rows)
        self._database.patiently(lambda: self._append(rows, audited, front))
        self.next_number += len(rows)
        self.front = front

    def store_evaluation(self, record: EvaluationRecord) -> EvaluationRecord:
        """Stores a finished evaluation at once; returns what stands under its key."""
        return store_evaluations(self._database, [record])[0]

    def store_evaluations(self, records: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
        """Stores finished evaluations in one transaction; what stands under their keys.

        No kill takes them back. It waits for the disk, so that neither can a power failure, unless
        all of them cost little.
        """
        synced = any(record.seconds >= _CHEAP_SECONDS for record in records)
        return store_evaluations(self._database, records, synced=synced)

    def store_baseline(self, record: BaselineRecord) -> None:
        """Stores (or replaces) the run's baseline of that name."""

        def replace() -> None:
            key = (BaselineRow.run_id == self._lease.run_id, BaselineRow.name == record.name)
            values = {
                "text": record.text,
                "digest": record.digest,
                "evaluation_key": record.evaluation_key,
            }
            with self._database.write() as connection:
                self._lease.check(connection)
                if connection.execute(update(BaselineRow).where(*key).values(values)).rowcount == 0:
                    row = {"run_id": self._lease.run_id, "name": record.name, **values}
                    connection.execute(insert(BaselineRow), row)

        self._database.patiently(replace)

    def store_audited(self, records: Sequence[AuditedRecord]) -> None:
        """Stores audited layers, or where their results stand and how they failed."""

        def store() -> None:
            with self._database.write() as connection:
                self._lease.check(connection)
                put_audited(connection, self._lease.run_id, records)

        self._database.patiently(store)

    def note_hardware(self, hardware: str) -> None:
        """Adds a class of machines to those that evaluated for the run."""

        def note() -> None:
            mine = RunRow.id == self._lease.run_id
            with self._database.write() as connection:
                self._lease.check(connection)
                stored = connection.execute(select(RunRow.hardware).where(mine)).scalar_one()
                known = json.loads(stored or "[]")
                if hardware not in known:
                    text = json_text([*known, hardware], "hardware")
                    connection.execute(update(RunRow).where(mine).values(hardware=text))

        self._database.patiently(note)

    def set_state(self, state: str) -> None:
        """Sets the run's state: "running", "interrupted", "finished", ..."""

        def change() -> None:
            with self._database.write() as connection:
                self._lease.check(connection)
                self._touch(connection)
                mine = RunRow.id == self._lease.run_id
                connection.execute(update(RunRow).where(mine).values(state=state))

        self._database.patiently(change)

    def close(self) -> None:
        """Gives the run free."""
        self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(
        self, rows: list[dict[str, Any]], audited: Sequence[AuditedRecord], front: Front
    ) -> None:
        # Not synced, so that 2,000 a second fit: what a power failure takes from the history is
        # committed again from the stored evaluations, which are synced.
        with self._database.write(synced=False) as connection:
            self._lease.check(connection)
            # After a lost connection the first try may have arrived; only we can have written it.
            if self._count(connection) == self.next_number:
                connection.execute(_APPEND, rows)
                rank_anew(connection, self._lease.run_id, rows)
                put_audited(connection, self._lease.run_id, audited)
                add_tallies(connection, self._lease.run_id, rows)
                write_front(connection, self._lease.run_id, self.front, front)
                self._touch(connection)

    def _count(self, connection: Connection) -> int:
        number = connection.execute(_LAST, {"run": self._lease.run_id}).scalar_one()
        return 0 if number is None else number + 1

    def _touch(self, connection: Connection) -> None:
        connection.execute(_TOUCH, {"run": self._lease.run_id, "now": time.time()})
