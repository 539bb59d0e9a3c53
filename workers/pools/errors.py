"""What can go wrong with a pool itself; a task that fails is a `Completion`, never an error."""


class PoolError(RuntimeError):
    """A pool cannot do what was asked of it."""


class TaskRefusedError(PoolError):
    """A task cannot be sent to a worker."""


class PoolClosedError(PoolError):
    """The pool was used after `close`."""


class ClusterNotFoundError(PoolError):
    """There is no Ray cluster at the address given."""


class NotEnoughCpusError(PoolError):
    """The cluster can never hold as many workers as were asked for."""


class WorkerStartError(PoolError):
    """A worker failed to start, again and again."""
