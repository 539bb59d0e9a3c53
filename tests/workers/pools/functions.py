"""What the tests ask workers to run: a worker imports this module, so it imports little."""

import os
import time
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def fail(message: str) -> None:
    raise ValueError(message)


def raise_memory_error() -> None:
    raise MemoryError("no room")


def allocate(gibibytes: float) -> int:
    """Returns how many bytes torch gave, every page touched."""
    import torch

    return torch.ones(int(gibibytes * 2**30), dtype=torch.uint8).numel()


def give_unpicklable() -> object:
    return lambda: None


def hang() -> None:
    while True:
        time.sleep(3600)


def hang_in_c() -> None:
    """Holds the interpreter lock for ever, so that no Python code in the process can run."""
    sum(iter(int, 1))


def write_pid_and_hang(path: str) -> None:
    """Appends this process's id to the file, one a line, then never returns."""
    _append(path, os.getpid())
    hang()


def write_pid_and_fail(path: str) -> None:
    _append(path, os.getpid())
    raise ValueError("on purpose")


def die_once(path: str) -> str:
    """Ends its process the first time, by the file's existence; then returns "alive"."""
    if Path(path).exists():
        return "alive"
    _append(path, os.getpid())
    os._exit(7)


def die() -> None:
    os._exit(7)


def meet(path: str, partners: int) -> list[int]:
    """Returns the ids of the processes once as many have called as there are partners."""
    _append(path, os.getpid())
    while len(pids := [int(line) for line in Path(path).read_text().split()]) < partners:
        time.sleep(0.01)
    return sorted(pids)


def threads() -> tuple[int, str, str]:
    import torch

    return (
        torch.get_num_threads(),
        os.environ["OMP_NUM_THREADS"],
        os.environ["MKL_NUM_THREADS"],
    )


def _append(path: str, number: int) -> None:
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
