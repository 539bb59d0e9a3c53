"""A pool without workers: every task runs in this process, which a debugger can follow."""

from collections import deque
from functools import partial

from workers.pools.base import Completion, Pool, Task
from workers.pools.errors import PoolClosedError, TaskRefusedError
from workers.pools.execution import execute, pack, worker_name


class SerialPool(Pool):
    """Runs the oldest task at each `wait`, in this process and thread.

    Time limits are not enforced and memory is not capped: nothing can kill a task but what kills
    the process. Failures are reported as by the other pools; nothing is retried.
    """

    def __init__(self) -> None:
        self.workers = 1
        self._queue: deque[Task] = deque()
        self._closed = False

    def submit(self, task: Task) -> None:
        """Queues a task; it runs in a later `wait`. Raises TaskRefusedError, PoolClosedError."""
        if self._closed:
            raise PoolClosedError("this pool is closed; open a new one to run tasks")
        if any(task.id == waiting.id for waiting in self._queue):
            raise TaskRefusedError(
                f"task {task.id!r} is in flight already; give each task its own id"
            )
        pack(task)  # refuses what the other pools would
        self._queue.append(task)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        """Runs the oldest task and returns its completion; [] if there is none.

        `timeout` is ignored: a task that has begun runs to its end.
        """
        if not self._queue:
            return []
        task = self._queue.popleft()
        outcome = execute(partial(task.function, *task.args))
        return [
            Completion(
                task.id,
                outcome.value,
                outcome.failure,
                outcome.message,
                outcome.seconds,
                worker_name(),
            )
        ]

    def stop(self) -> None:
        """Forgets the queued tasks."""
        self._queue.clear()

    def close(self) -> None:
        """Forgets the queued tasks and takes no more."""
        self.stop()
        self._closed = True
