"""A pool that notes in a file which evaluations were computed, and which came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search_spaces.canonical import digest
from search_spaces.graph import Graph
from workers.evaluation import evaluate, evaluation_key
from workers.pools.base import Completion, Pool, Task


class NotingPool(Pool):
    """Passes tasks on; notes each evaluation that a worker has computed, and that came back."""

    def __init__(self, pool: Pool, notes: Path) -> None:
        self.pool = pool
        self.workers = pool.workers
        self.notes = notes
        self.keys: dict[str, str] = {}  # of the evaluations in flight, by task

    def submit(self, task: Task) -> None:
        """Pass it on; a worker notes the end of an evaluation."""
        if task.function is evaluate:
            graph, config, seed_index, stop = task.args
            key = evaluation_key(digest(Graph.from_json(graph)), config, seed_index, stop)
            self.keys[task.id] = key
            noted = (str(self.notes), key, task.function, *task.args)
            task = Task(task.id, call_and_note, noted, task.timeout)
        self.pool.submit(task)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        """What ended; noted before the driver sees it."""
        ended = self.pool.wait(timeout)
        for completion in ended:
            key = self.keys.pop(completion.task_id, None)
            if key is not None and completion.failure is None:
                note(self.notes, f"received {key}")
        return ended

    def stop(self) -> None:
        """Stop the pool."""
        self.pool.stop()

    def close(self) -> None:
        """Close the pool."""
        self.pool.close()


def call_and_note(notes: str, key: str, function: Callable[..., Any], *args: Any) -> Any:
    """What the function returns, noted first."""
    value = function(*args)
    note(Path(notes), f"computed {key}")
    return value


def note(notes: Path, line: str) -> None:
    """Append a line in one write, which a kill cannot divide."""
    with notes.open("ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def noted(notes: Path, what: str) -> Counter[str]:
    """How often each key was noted as `what`."""
    lines = notes.read_text().split("\n") if notes.exists() else []
    return Counter(line.partition(" ")[2] for line in lines if line.startswith(f"{what} "))
