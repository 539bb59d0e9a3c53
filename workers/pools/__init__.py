"""Where tasks run: in this process (`SerialPool`) or in Ray workers (`RayPool`)."""

from workers.pools.base import Completion, Pool, Task
from workers.pools.errors import (
    ClusterNotFound,
    NotEnoughCpus,
    PoolClosed,
    PoolError,
    TaskRefused,
    WorkerStartError,
)

__all__ = [
    "ClusterNotFound",
    "Completion",
    "NotEnoughCpus",
    "Pool",
    "PoolClosed",
    "PoolError",
    "Task",
    "TaskRefused",
    "WorkerStartError",
]
