"""A pool of Ray workers: each a process that can be killed, replaced, and run on another node."""

import logging
import pickle
import time
from collections import deque
from typing import Any

import ray
from ray.exceptions import RayError

from workers.pools import ray_cluster
from workers.pools.base import Completion, Pool, Task
from workers.pools.errors import PoolClosedError, TaskRefusedError, WorkerStartError
from workers.pools.execution import Outcome, pack
from workers.pools.ray_slot import Job, Slot
from workers.verdict import Verdict

logger = logging.getLogger(__name__)

# Seconds without a worker that tasks wait for before the log says so, and again after as many.
STALL_SECONDS = 30.0
# Starts of one slot that may fail in a row.
START_ATTEMPTS = 3


class RayPool(Pool):
    """Runs tasks in `workers` Ray actors, each with one CPU and one torch thread.

    Without an address it starts a Ray on this machine (no dashboard, least memory) and stops it on
    `close`; in a process that is connected to a Ray already it uses that one and leaves it running,
    as it does with a cluster joined by address "auto" or "host:port".

    A failure of the machine (time limit, memory, death of the process or the node) is retried
    `retries` times, each time in a fresh process, before it is reported; an exception that the
    function raises is the function's own and reported at once. Time limits are enforced while
    `wait` runs. `memory_limit` caps each worker's private memory in bytes; by default it is an
    equal share of 80 % of what Ray found free on its node, at least 2 GiB. `preload` names modules
    that a worker imports before it is ready, so that no time limit pays for them.

    Open it in the main thread or one that outlives it: on Linux a local Ray dies with the thread
    that started it (and so with this process, even by kill -9; two idle agents of Ray's follow
    within about a minute). Ctrl-C does not reach the workers. What they print, and Ray's own logs,
    are in /tmp/ray/session_latest/logs on each node.

    Raises ClusterNotFoundError and NotEnoughCpusError.
    """

    def __init__(
        self,
        workers: int,
        address: str | None = None,
        retries: int = 1,
        memory_limit: int | None = None,
        preload: tuple[str, ...] = ("torch",),
    ) -> None:
        if workers < 1:
            raise ValueError(
                f"workers is {workers}; a RayPool needs at least 1 (or use SerialPool)"
            )
        self.workers = workers
        self.retries = retries  # may be changed between tasks
        self._queue: deque[Job] = deque()
        self._in_flight: set[str] = set()
        self._ended: list[Completion] = []
        self._closed = False
        self._owns_ray = ray_cluster.connect(workers, address)
        start = ray_cluster.worker_starter(memory_limit, preload)
        self._slots = [Slot(start) for _ in range(workers)]
        self._stalled_since = time.monotonic()
        for slot in self._slots:
            slot.start()

    def submit(self, task: Task) -> None:
        """Queues a task, and starts it if a worker is idle.

        Raises TaskRefusedError, PoolClosedError.
        """
        self._require_open()
        if task.id in self._in_flight:
            raise TaskRefusedError(
                f"task {task.id!r} is in flight already; give each task its own id"
            )
        self._queue.append(Job(task, pack(task), self.retries))
        self._in_flight.add(task.id)
        self._dispatch()

    def wait(self, timeout: float | None = None) -> list[Completion]:
        """Blocks until a task has ended; returns all that have, [] after `timeout` seconds.

        Returns [] at once when nothing is in flight. Raises WorkerStartError, PoolClosedError.
        """
        self._require_open()
        give_up = None if timeout is None else time.monotonic() + timeout
        while self._in_flight and not self._ended:
            self._dispatch()
            for slot in self._awaited(give_up):
                self._collect(slot)
            self._end_overdue()
            self._warn_of_stall()
            if give_up is not None and time.monotonic() >= give_up:
                break
        self._dispatch()
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Kills what runs and forgets what waits; workers start again with the next task."""
        for slot in self._slots:
            if slot.job is not None:
                slot.job = None
                slot.kill()
        self._queue.clear()
        self._in_flight.clear()
        self._ended.clear()

    def close(self) -> None:
        """Kills all workers, and stops Ray if this pool started it."""
        if self._closed:
            return
        self._closed = True
        self.stop()
        if ray.is_initialized():
            for slot in self._slots:
                slot.kill()
            if self._owns_ray:
                ray.shutdown()

    def _require_open(self) -> None:
        if self._closed:
            raise PoolClosedError("this pool is closed; open a new one to run tasks")

    def _dispatch(self) -> None:
        """Gives the oldest jobs to the idle workers, and refills empty slots if there is work."""
        for slot in self._slots:
            if slot.empty and (slot.job is not None or self._queue):
                slot.start()
            if self._queue and slot.job is None and not slot.empty and not slot.starting:
                slot.run(self._queue.popleft())

    def _awaited(self, give_up: float | None) -> list[Slot]:
        """Sleeps until a slot has news, a time limit or `give_up` passes; returns who has news."""
        slots = {slot.awaited: slot for slot in self._slots if slot.awaited is not None}
        moments = [slot.deadline for slot in self._slots] + [give_up]
        if any(slot.starting for slot in self._slots):
            moments.append(self._stalled_since + STALL_SECONDS)
        known = [moment for moment in moments if moment is not None]
        pause = max(0.0, min(known) - time.monotonic()) if known else None
        ready, _ = ray.wait(list(slots), num_returns=1, timeout=pause)
        if ready:
            ready, _ = ray.wait(list(slots), num_returns=len(slots), timeout=0)
        return [slots[reference] for reference in ready]

    def _collect(self, slot: Slot) -> None:
        """Takes a slot's news: its worker is ready, its job has ended, or its worker is lost."""
        try:
            news = ray.get(slot.awaited)
        except RayError as error:
            if slot.starting:
                self._start_failed(slot, error)
            else:
                self._machine_failed(slot, _verdict_of(error), str(error).strip())
            return
        if slot.starting:
            slot.started(str(news))
            return
        outcome: Outcome = pickle.loads(news)
        if outcome.failure is Verdict.OUT_OF_MEMORY:
            self._machine_failed(slot, outcome.failure, outcome.message)
        else:
            worker = slot.worker
            job, _ = slot.finish()
            job.seconds += outcome.seconds
            self._report(job, outcome.value, outcome.failure, outcome.message, worker)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.deadline is not None and now >= slot.deadline and slot.job is not None:
                limit = slot.job.task.timeout
                self._machine_failed(slot, Verdict.TIMEOUT, f"killed at the limit of {limit:g} s")

    def _machine_failed(self, slot: Slot, verdict: Verdict, message: str) -> None:
        """Replaces the worker, which then runs the job again if it has retries left."""
        worker = slot.worker
        job, seconds = slot.finish()
        job.seconds += seconds
        slot.kill()
        if job.retries > 0:
            job.retries -= 1
            slot.job = job
            logger.warning("task %s: %s on %s, trying again", job.task.id, verdict, worker)
        else:
            self._report(job, None, verdict, message, worker)

    def _report(
        self, job: Job, value: Any, failure: Verdict | None, message: str, worker: str
    ) -> None:
        self._in_flight.discard(job.task.id)
        self._ended.append(Completion(job.task.id, value, failure, message, job.seconds, worker))

    def _start_failed(self, slot: Slot, error: RayError) -> None:
        slot.kill()
        slot.failed_starts += 1
        if slot.failed_starts < START_ATTEMPTS:
            logger.warning("a Ray worker failed to start, trying again: %s", error)
            return
        slot.failed_starts = 0
        raise WorkerStartError(
            f"a Ray worker failed to start {START_ATTEMPTS} times in a row; the cluster has "
            f"{ray_cluster.describe()}. Are evonas and torch installed on every node? {error}"
        ) from error

    def _warn_of_stall(self) -> None:
        """Says in the log, every so often, that workers have not started for lack of resources."""
        starting = sum(slot.starting for slot in self._slots)
        now = time.monotonic()
        if not starting:
            self._stalled_since = now
        elif now - self._stalled_since >= STALL_SECONDS:
            self._stalled_since = now
            logger.warning(
                "still waiting for %d of %d workers to start: the cluster has %s; something else "
                "may hold its CPUs (see `ray status`)",
                starting,
                self.workers,
                ray_cluster.describe(),
            )


def _verdict_of(error: RayError) -> Verdict:
    """Returns OUT_OF_MEMORY if Ray's memory monitor killed the worker, else CRASH."""
    out_of_memory = isinstance(error, ray.exceptions.OutOfMemoryError)
    return Verdict.OUT_OF_MEMORY if out_of_memory else Verdict.CRASH
