"""What the tests ask workers to run: a worker imports this module, so it holds only functions."""

import os
import sys
import time
from pathlib import Path

import torch


def double(number: int) -> int:
    return 2 * number


def fail(message: str) -> None:
    raise ValueError(message)


def raise_memory_error() -> None:
    raise MemoryError("no room")


def allocate(gibibytes: float) -> int:
    """Returns how many bytes torch gave, every page touched."""
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
    return (
        torch.get_num_threads(),
        os.environ["OMP_NUM_THREADS"],
        os.environ["MKL_NUM_THREADS"],
    )


def module_files(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns where this process finds the packages."""
    return tuple(str(__import__(name).__file__) for name in names)


def search_path() -> list[str]:
    return sys.path


def _append(path: str, number: int) -> None:
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
