"""How torch must run whatever computes a score or a screen, so that it can be computed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread, so that sums are taken in one order, on busy and idle machines alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Random numbers that a layer of the user's own may draw when it is called depend on the seed
    alone, and leave the global random state as it was.
    """
    with torch.random.fork_rng(devices=[] if device == "cpu" else [torch.cuda.current_device()]):
        torch.manual_seed(seed)
        yield


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """On a GPU: convolutions by algorithms that give the same sums each time, in full float32."""
    if device == "cpu":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with torch.backends.cudnn.flags(
            enabled=torch.backends.cudnn.enabled,  # by default flags() turns it off
            deterministic=True,
            benchmark=False,
            allow_tf32=False,
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(before)
