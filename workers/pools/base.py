"""The contract between who asks for work and the pools that run it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from workers.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Task:
    """A call that a worker can make.

    `id` names it among the tasks in flight. `function` is importable by its module path, so that a
    worker finds it. `timeout` is the time limit of one attempt in seconds; None sets no limit.
    """

    id: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """How a task ended.

    Either `failure` is None and `value` is what the function returned, or `failure` is TIMEOUT,
    OUT_OF_MEMORY or CRASH, `value` is None and `message` says what happened. `seconds` is wall
    time, all attempts together; `worker` is "host:pid" of the process that ran the last attempt.
    """

    task_id: str
    value: Any | None
    failure: Verdict | None
    message: str
    seconds: float
    worker: str


class Pool(Protocol):
    """Runs tasks first in, first out, and hands back what ended in the order of ending.

    `workers`: how many tasks run at once. Pools inherit from it, so that `with` closes each.
    """

    workers: int

    def submit(self, task: Task) -> None:
        """Queues a task, which runs as soon as a worker is free.

        Raises PoolClosedError, and TaskRefusedError if the function is not importable, an argument
        cannot be pickled, or the id is in flight already.
        """
        ...

    def wait(self, timeout: float | None = None) -> list[Completion]:
        """Blocks until at least one task has ended, and returns all that have.

        Returns [] when `timeout` seconds have passed, and at once when nothing is in flight.
        """
        ...

    def stop(self) -> None:
        """Kills what runs and forgets what waits: no completions for either; the pool lives on."""
        ...

    def close(self) -> None:
        """Stops, and gives back every process; may be called twice."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
