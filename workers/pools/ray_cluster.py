"""Starting a local Ray, or joining a running one, quietly and with clear errors."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from workers.pools import ray_worker
from workers.pools.errors import ClusterNotFoundError, NotEnoughCpusError, PoolError

logger = logging.getLogger(__name__)
_state: Any = ray  # its functions on the state of the cluster have no types

# Tasks and results are a few kilobytes and travel in messages; 75 MiB is the least Ray accepts.
OBJECT_STORE_BYTES = 80 * 2**20
# Seconds that a cluster may take to answer before we say that it is not there.
CONNECT_SECONDS = 5.0
PACKAGES = ("evonas", "results_db", "search_spaces", "workers")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def connect(cpus: int, address: str | None) -> bool:
    """Joins the Ray that has room for `cpus` workers; returns whether `ray.shutdown` is ours.

    address None: the Ray that this process is connected to already, else a new local one.
    "auto": the running cluster that RAY_ADDRESS or `ray start` on this machine names.
    "host:port": that cluster. Raises ClusterNotFoundError, NotEnoughCpusError.
    """
    ours = not ray.is_initialized()
    if ours and address is None:
        _start_local(cpus)
    elif ours:
        _join(str(address))
    try:
        _require_cpus(cpus, address)
    except PoolError:
        if ours:
            ray.shutdown()
        raise
    return ours


def worker_starter(memory_limit: int | None, preload: tuple[str, ...]) -> Callable[[], Any]:
    """Returns the function that starts a worker process and returns Ray's handle to it."""
    # By value: see `ray_worker`. Registering twice is harmless.
    ray.cloudpickle.register_pickle_by_value(ray_worker)  # type: ignore[no-untyped-call]
    actor = ray.remote(num_cpus=1, max_restarts=0, runtime_env={"env_vars": ONE_THREAD})(
        ray_worker.RayWorker
    )
    root = Path(__file__).resolve().parents[2]
    packages = {
        name: str(root / name) for name in PACKAGES if (root / name / "__init__.py").is_file()
    }
    driver_paths = [os.path.dirname(os.path.realpath(sys.argv[0])), os.path.abspath(os.curdir)]
    return lambda: actor.remote(packages, driver_paths, memory_limit, preload)


def describe() -> str:
    """Returns how many nodes and CPUs the cluster has, and how many are free."""
    nodes = sum(bool(node["Alive"]) for node in _state.nodes())
    total = _state.cluster_resources().get("CPU", 0.0)
    free = _state.available_resources().get("CPU", 0.0)
    return f"{nodes} node(s), {total:g} CPU(s), {free:g} of them free"


def _start_local(cpus: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logger.debug("starting a local Ray with %d CPU(s)", cpus)
    with _quietly():
        ray.init(
            address="local",
            num_cpus=cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE_BYTES,
            # Workers are started one by one for the actors; a set of idle ones is of no use.
            _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
        )


def _join(address: str) -> None:
    given = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    if "://" in given:
        raise ClusterNotFoundError(
            f"cannot use the Ray address {given!r}: run evonas on a machine of the cluster and "
            "give 'auto' or host:port (Ray Client addresses, ray://, are not supported)"
        )
    try:
        if given == "auto":  # the address that `ray start` left; its cluster may be long gone
            given = ray._private.services.get_ray_address_from_environment("auto", None)
        _require_listener(given)
        with _quietly():
            ray.init(address=given, log_to_driver=False, logging_level=logging.ERROR)
    except ClusterNotFoundError:
        raise
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterNotFoundError(_no_cluster(address, given, str(error))) from error


def _require_listener(address: str) -> None:
    """Raises ClusterNotFoundError in seconds, where Ray itself would try for a minute."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterNotFoundError(
            f"cannot read the Ray address {address!r}; give 'auto' or host:port"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise ClusterNotFoundError(_no_cluster(address, address, str(error))) from error


def _no_cluster(address: str, resolved: str, detail: str) -> str:
    where = repr(address) if address == resolved else f"{address!r}, {resolved}"
    return (
        f"no Ray cluster answers at {where} ({detail}); start one with `ray start --head`, give "
        "the host:port that it prints, or leave the address out for a local Ray"
    )


def _require_cpus(cpus: int, address: str | None) -> None:
    total = _state.cluster_resources().get("CPU", 0.0)
    if total < cpus:
        where = "the local Ray" if address is None else f"the Ray cluster at {address}"
        raise NotEnoughCpusError(
            f"{cpus} workers need one CPU each, but {where} has {describe()}; ask for at most "
            f"{int(total)} workers, or add nodes"
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps two things of the program's that `ray.init` would take: SIGTERM's handler and stdout.

    Ray prints the death of each worker on standard output, where tables go; a pool reports it as a
    completion. There is no setting for it, so the listener thread's print function is replaced.
    """
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = _log_message
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _log_message(data: dict[str, Any], ignore_prefix: bool = False) -> None:
    logger.debug("%s: %s", data.get("pid"), "\n".join(map(str, data.get("lines", ()))))
