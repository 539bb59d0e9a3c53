"""The pool that evaluates: this process, local workers, or a Ray cluster."""

from __future__ import annotations

import os

from workers.pools.base import Pool


def pool_of(workers: int | None, address: str | None = None) -> Pool:
    """A Ray pool, here or on the cluster at `address`; for 0 workers, a pool in this process.

    None stands for as many workers as there are CPUs.
    """
    if workers == 0:
        from workers.pools.serial import SerialPool

        return SerialPool()
    from workers.pools.ray_pool import RayPool

    return RayPool(workers or available_cpus(), address)


def available_cpus() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
