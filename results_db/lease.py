"""The right to write one run: a fencing number that every commit checks, a beat that shows life.

No wall clock takes part: a holder on this machine is dead when its process is, one elsewhere when
its beat has stood still for LEASE_SECONDS of our own monotonic clock. The fencing number is that of
Kleppmann, "How to do distributed locking" (2016).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from sqlalchemy import Connection, Row, select, update

from results_db.database import Database
from results_db.errors import DatabaseError, LeaseLost, RunLocked
from results_db.holder import Holder
from results_db.tables import LeaseRow

LEASE_SECONDS = 30.0
BEAT_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Lease:
    """Held from `acquire` to `release`; a thread beats in between."""

    def __init__(self, database: Database, run_id: int, run_name: str, fence: int) -> None:
        self.run_id = run_id
        self.run_name = run_name
        self.fence = fence
        self._database = database
        # Made once: every commit begins with it.
        self._sign = (
            update(LeaseRow)
            .where(LeaseRow.run_id == run_id, LeaseRow.fence == fence)
            .values(beat=LeaseRow.beat + 1)
        )
        self._commits = 0  # each is a sign of life, too
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {run_name}", daemon=True)
        self._thread.start()

    @classmethod
    def acquire(
        cls, database: Database, run_id: int, run_name: str, *, take_over: bool = False
    ) -> Lease:
        """Raises RunLocked if another driver holds the run; `take_over` fences it off instead."""
        with database.read() as connection:
            seen = _row(connection, run_id)
        if seen.pid and not take_over:
            _refuse_living(database, run_id, run_name, seen)
        me = Holder.me()
        with database.write() as connection:
            won = connection.execute(
                update(LeaseRow)
                .where(LeaseRow.run_id == run_id, LeaseRow.fence == seen.fence)
                .values(fence=seen.fence + 1, beat=0, host=me.host, place=me.place, pid=me.pid)
            )
            if won.rowcount != 1:
                raise _locked(run_name, _holder(_row(connection, run_id)))
        return cls(database, run_id, run_name, seen.fence + 1)

    def check(self, connection: Connection) -> None:
        """The first statement of a commit: raises LeaseLost unless this lease is the latest."""
        if connection.execute(self._sign).rowcount != 1:
            holder = _holder(_row(connection, self.run_id))
            raise LeaseLost(
                f"run {self.run_name!r} was taken over by {holder}; nothing was written. "
                "Stop this driver; the other one goes on."
            )
        self._commits += 1

    def release(self) -> None:
        """Lets the next driver in at once; quiet if the lease was lost already."""
        self._stop.set()
        self._thread.join()
        mine = (LeaseRow.run_id == self.run_id, LeaseRow.fence == self.fence)
        try:
            with self._database.write() as connection:
                connection.execute(update(LeaseRow).where(*mine).values(pid=0))
        except DatabaseError as error:  # must not hide the error that ended the driver
            logger.warning("run %r could not be given free: %s", self.run_name, error)

    def _beat(self) -> None:
        seen = -1
        while not self._stop.wait(BEAT_SECONDS):
            if seen != self._commits:
                seen = self._commits
                continue
            try:
                with self._database.write(synced=False) as connection:
                    self.check(connection)
                seen = self._commits
            except LeaseLost as error:
                logger.error("%s", error)
                return
            except DatabaseError as error:
                logger.warning("no sign of life could be written: %s", error)


def held_by(connection: Connection, run_id: int) -> Holder | None:
    """Who holds the run; None if nobody does or the holder is known to be dead."""
    row = _row(connection, run_id)
    holder = _holder(row)
    if not row.pid or holder.alive() is False or holder.ended_with_its_machine:
        return None
    return holder


def _row(connection: Connection, run_id: int) -> Any:
    columns = (LeaseRow.fence, LeaseRow.beat, LeaseRow.host, LeaseRow.place, LeaseRow.pid)
    return connection.execute(select(*columns).where(LeaseRow.run_id == run_id)).one()


def _holder(row: Row[Any]) -> Holder:
    return Holder(row.host, row.pid, row.place)


def _refuse_living(database: Database, run_id: int, run_name: str, seen: Row[Any]) -> None:
    """Returns once the holder is dead; raises RunLocked at its first sign of life."""
    holder = _holder(seen)
    alive = holder.alive()
    if alive:
        raise _locked(run_name, holder)
    if alive is False:
        return
    logger.warning(
        "run %r was held by %s; waiting up to %.0f s for a sign of life",
        run_name,
        holder,
        LEASE_SECONDS,
    )
    end = time.monotonic() + LEASE_SECONDS
    while time.monotonic() < end:
        time.sleep(min(0.5, LEASE_SECONDS / 10))
        with database.read() as connection:
            now = _row(connection, run_id)
        if not now.pid:
            return
        if (now.fence, now.beat) != (seen.fence, seen.beat):
            raise _locked(run_name, _holder(now))


def _locked(run_name: str, holder: Holder) -> RunLocked:
    return RunLocked(
        f"run {run_name!r} is being written by {holder}. Wait for it or stop it; if it is stuck, "
        f"`evonas resume {run_name} --take-over` shuts it out. Reading commands work meanwhile."
    )
