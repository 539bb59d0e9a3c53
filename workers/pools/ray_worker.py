"""What runs inside a Ray worker process.

The class travels to the worker as bytes ("pickled by value"), because importing it there by name is
what it has to make safe: Ray puts the driver's script directory and working directory at the front
of every worker's `sys.path` (`ray._private.worker.connect`), where a user's folder called `workers`
would shadow this package. So this module imports nothing of ours at the top.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import ray

# torch alone holds about 0.5 GiB of private memory in a worker; less than this is no use.
LEAST_MEMORY = 2 * 2**30
# What a node's workers may hold together, as a share of the memory that Ray found free there.
SHARE_OF_NODE = 0.8


class PinnedPackages:
    """An import finder, asked before all others, that knows where some packages are."""

    def __init__(self, directories: Mapping[str, str]) -> None:
        self.directories = dict(directories)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns where the package is, or None for every name that is not pinned."""
        directory = self.directories.get(name)
        if directory is None:
            return None
        return importlib.util.spec_from_file_location(
            name,
            os.path.join(directory, "__init__.py"),
            submodule_search_locations=[directory],
        )


class RayWorker:
    """One process with one CPU and one torch thread that runs one call at a time."""

    def __init__(
        self,
        packages: Mapping[str, str],
        driver_paths: Sequence[str],
        memory_limit: int | None,
        preload: Sequence[str],
    ) -> None:
        """Makes imports safe, imports what tasks need, caps memory.

        `packages` maps our packages to their directories on the driver; `driver_paths` are the
        directories that Ray took over from the driver; `memory_limit` is in bytes, None for this
        process's share of the node; `preload` names modules.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The driver's directories stay importable, for plug-ins, but behind what is installed.
        demoted = [path for path in sys.path if path in driver_paths]
        sys.path[:] = [path for path in sys.path if path not in driver_paths]
        sys.meta_path.insert(0, PinnedPackages(self._locate(packages)))
        sys.path.extend(demoted)
        for module in preload:
            importlib.import_module(module)
        if "torch" in sys.modules:  # else OMP_NUM_THREADS says the same when a task imports it
            sys.modules["torch"].set_num_threads(1)
        self._cap_memory(memory_limit)

    def name(self) -> str:
        """Returns "host:pid", once the process is ready for work."""
        from workers.pools.execution import worker_name

        return worker_name()

    def run(self, payload: bytes) -> bytes:
        """Makes a packed call; returns its packed outcome and raises nothing."""
        from workers.pools.execution import run_packed

        return run_packed(payload)

    @staticmethod
    def _locate(packages: Mapping[str, str]) -> dict[str, str]:
        """Returns the packages' directories on this node: the driver's, else the installed ones."""
        found = {}
        for name, directory in packages.items():
            if os.path.isfile(os.path.join(directory, "__init__.py")):
                found[name] = directory
                continue
            spec = importlib.util.find_spec(name)
            if spec is not None and spec.submodule_search_locations:
                found[name] = spec.submodule_search_locations[0]
        return found

    @staticmethod
    def _cap_memory(limit: int | None) -> None:
        """Limits the process's private writable memory, so that allocating more raises an error.

        RLIMIT_DATA and not RLIMIT_AS: the address space that libraries reserve without using it
        (thread stacks, CUDA) does not count. Linux enforces it since 4.7; macOS does not.
        """
        if limit is None:
            here = ray.get_runtime_context().get_node_id()
            nodes: list[Any] = ray.nodes()  # type: ignore[no-untyped-call]
            has = next(node["Resources"] for node in nodes if node["NodeID"] == here)
            share = SHARE_OF_NODE * has["memory"] / max(has["CPU"], 1)
            limit = max(int(share), LEAST_MEMORY)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
