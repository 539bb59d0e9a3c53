"""Workers that compute nothing, on a clock of their own."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from workers.pools.base import Completion, Pool, Task

# What a worker returns for a task, and after how many seconds.
Answer = Callable[[Task], tuple[Any, float]]


class VirtualPool(Pool):
    """Each task ends after the seconds that its answer takes, on a clock that only `wait` moves.

    now: seconds since the start; busy: seconds of finished work, all workers together.
    """

    def __init__(self, workers: int, answer: Answer) -> None:
        self.workers = workers
        self.now = self.busy = 0.0
        self._answer = answer
        self._queue: deque[Task] = deque()
        self._running: list[tuple[float, int, float, Task, Any]] = []  # a heap, the next end first
        self._numbers = count()

    @property
    def in_flight(self) -> list[Task]:
        """What has not ended, in no order."""
        return [*self._queue, *(running[3] for running in self._running)]

    def submit(self, task: Task) -> None:
        """Start the task, or queue it if no worker is free."""
        self._queue.append(task)
        self._start()

    def wait(self, timeout: float | None = None) -> list[Completion]:
        """What ends next, with all that ends at the same moment."""
        handed: list[Completion] = []
        while self._running and not handed:
            self.now = self._running[0][0]
            while self._running and self._running[0][0] == self.now:
                _, _, seconds, task, value = heapq.heappop(self._running)
                self.busy += seconds
                handed += self.completions(task, value, seconds)
            self._start()
        return handed

    def completions(self, task: Task, value: Any, seconds: float) -> list[Completion]:
        """What is handed over when a task has ended."""
        return [Completion(task.id, value, None, "", seconds, "simulated")]

    def stop(self) -> None:
        """Forget all tasks."""
        self._queue.clear()
        self._running.clear()

    def close(self) -> None:
        """Forget all tasks."""
        self.stop()

    def _start(self) -> None:
        while self._queue and len(self._running) < self.workers:
            task = self._queue.popleft()
            value, seconds = self._answer(task)
            ends = self.now + seconds
            heapq.heappush(self._running, (ends, next(self._numbers), seconds, task, value))
