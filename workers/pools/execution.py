"""Runs one call where a worker is, and turns whatever it raises into a typed failure."""

import os
import pickle
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from workers.pools.base import Task
from workers.pools.errors import TaskRefusedError
from workers.verdict import Verdict

# What allocators say in a plain RuntimeError: torch on CPU, CUDA and MPS, the C++ library, oneDNN,
# cuBLAS and cuDNN.
ALLOCATION_MESSAGES = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "cannot allocate memory",
    "status_alloc_failed",
    "allocation_failed",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt at a task came to; `seconds` is the wall time inside the worker."""

    value: Any | None
    failure: Verdict | None
    message: str
    seconds: float


def worker_name() -> str:
    """Returns "host:pid" of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def execute(call: Callable[[], Any]) -> Outcome:
    """Returns what `call` returned, or OUT_OF_MEMORY or CRASH with the traceback as the message.

    KeyboardInterrupt and SystemExit pass through: they are addressed to the process.
    """
    start = time.perf_counter()
    try:
        value, failure, message = call(), None, ""
    except Exception as error:
        value, failure = None, failure_of(error)
        message = "".join(traceback.format_exception(error)).strip()
    return Outcome(value, failure, message, time.perf_counter() - start)


def failure_of(error: BaseException) -> Verdict:
    """Returns OUT_OF_MEMORY if the error, or one it was raised from, is a failed allocation."""
    ran_out = any(_is_allocation_failure(link) for link in _causes(error))
    return Verdict.OUT_OF_MEMORY if ran_out else Verdict.CRASH


def pack(task: Task) -> bytes:
    """Returns the call as bytes, or raises TaskRefusedError if a worker could not make it."""
    problem: object = "it lives in __main__, the script, which a worker does not import"
    if getattr(task.function, "__module__", None) != "__main__":
        try:
            return pickle.dumps((task.function, task.args), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            problem = error
    raise TaskRefusedError(
        f"task {task.id!r} cannot be sent to a worker ({task.function!r} or its arguments): "
        f"{problem}. Use a function defined at the top of an importable module, and plain data as "
        "arguments: numbers, strings, tuples, frozen dataclasses of importable modules"
    )


def run_packed(payload: bytes) -> bytes:
    """Makes a packed call and returns its pickled `Outcome`.

    A module that is missing on this machine, or a value that cannot be pickled, is a CRASH too.
    """

    def call() -> Any:
        function, args = pickle.loads(payload)
        return function(*args)

    outcome = execute(call)
    packed = execute(lambda: pickle.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL))
    if packed.failure is None:
        return cast(bytes, packed.value)
    return pickle.dumps(Outcome(None, packed.failure, packed.message, outcome.seconds))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__


def _is_allocation_failure(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(part in text for part in ALLOCATION_MESSAGES)
