"""One place for a Ray worker: the process that fills it now, and the job it runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray

from workers.pools.base import Task


@dataclass(slots=True)
class Job:
    """A task on its way; `seconds` is the wall time of the attempts that have ended."""

    task: Task
    payload: bytes
    retries: int
    seconds: float = 0.0


class Slot:
    """Empty, starting, idle or busy.

    `awaited` is the Ray reference to wait for while starting or busy, else None. `job` is what runs
    when busy; set while starting, it is what the fresh worker will run first.
    """

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._actor: Any = None
        self.awaited: Any = None
        self.job: Job | None = None
        self.worker = ""
        self.since = 0.0
        self.failed_starts = 0

    @property
    def empty(self) -> bool:
        return self._actor is None

    @property
    def starting(self) -> bool:
        return self._actor is not None and not self.worker

    @property
    def busy(self) -> bool:
        return bool(self.worker) and self.job is not None

    @property
    def deadline(self) -> float | None:
        """When what runs is over its time limit, on the monotonic clock."""
        if not self.busy or self.job is None or self.job.task.timeout is None:
            return None
        return self.since + self.job.task.timeout

    def start(self) -> None:
        """Starts a process; does not wait for it."""
        self._actor = self._start()
        self.awaited = self._actor.name.remote()
        self.since = time.monotonic()

    def started(self, worker: str) -> None:
        """Notes that the process is ready, and starts the job that was kept for it."""
        self.worker = worker
        self.awaited = None
        self.failed_starts = 0
        if self.job is not None:
            self.run(self.job)

    def run(self, job: Job) -> None:
        """Runs a job in the idle process."""
        self.job = job
        self.awaited = self._actor.run.remote(job.payload)
        self.since = time.monotonic()

    def finish(self) -> tuple[Job, float]:
        """Takes the job out and returns it with the seconds that this attempt took."""
        assert self.job is not None
        job, self.job, self.awaited = self.job, None, None
        return job, time.monotonic() - self.since

    def kill(self) -> None:
        """Ends the process, whatever it does; leaves the slot empty and keeps the job."""
        if self._actor is not None:
            ray.kill(self._actor, no_restart=True)
        self._actor = self.awaited = None
        self.worker = ""
