"""Where tasks run: in this process (`SerialPool`) or in Ray workers (`RayPool`)."""

from workers.pools.base import Completion, Pool, Task
from workers.pools.errors import (
    ClusterNotFoundError,
    NotEnoughCpusError,
    PoolClosedError,
    PoolError,
    TaskRefusedError,
    WorkerStartError,
)

__all__ = [
    "ClusterNotFoundError",
    "Completion",
    "NotEnoughCpusError",
    "Pool",
    "PoolClosedError",
    "PoolError",
    "Task",
    "TaskRefusedError",
    "WorkerStartError",
]
