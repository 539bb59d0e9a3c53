"""What the workers of a quick search spend their time on: proposing and screening, or evaluating.

Run it with `python -m tests.benchmarks.worker_share [minutes] [workers]`; 0 workers search in this
process. Seconds are wall time inside the workers. Proposals are then made again in this process, to
tell which share of their time probes and random stacks take.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from evonas.cli.running import open_pool
from evonas.config import load_config
from evonas.evolution import Stop, run_search
from evonas.runs import create
from results_db.store import ResultsDB
from workers import proposal, screening
from workers.pools.base import Completion, Pool, Task

_MADE_AGAIN = 60  # proposals
# The parts of a proposal that compute on tensors, and where they are called from.
_PROBES = {
    "probe": (screening, "probe_failure"),
    "random stack": (screening, "stack_failure"),
    "fingerprint": (proposal, "fingerprint"),
}


class CountingPool(Pool):
    """Passes tasks on to a pool; adds up seconds by kind of task, keeps the proposals asked for."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.workers = pool.workers
        self.seconds: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self.proposals: list[proposal.ProposalTask] = []

    def submit(self, task: Task) -> None:
        self.proposals += (arg for arg in task.args if isinstance(arg, proposal.ProposalTask))
        self.pool.submit(task)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        ended = self.pool.wait(timeout)
        for completion in ended:
            kind = completion.task_id.partition(":")[0]
            self.seconds[kind] += completion.seconds
            self.tasks[kind] += 1
        return ended

    def stop(self) -> None:
        self.pool.stop()

    def close(self) -> None:
        self.pool.close()


def main(minutes: float, workers: int) -> None:
    settings = [f"max_minutes={minutes!r}", "seed=3", 'baselines=["BN-ReLU"]']
    config = load_config("quick", None, settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        ResultsDB.open(f"sqlite:///{folder}/share.db") as db,
        CountingPool(open_pool(workers, None, lambda *_: None)) as pool,
    ):
        run = create(db, None, config)
        run_search(db, run, pool, report=lambda _: None, stop=Stop())
        print(f"{db.count(run)} candidates in {minutes:g} minutes, {workers} workers")
    for kind, number in pool.tasks.most_common():
        print(f"{kind:<12}{number:>6} tasks{pool.seconds[kind]:9.1f} s")
    searching = pool.seconds["propose"] + pool.seconds["evaluate"]
    share = pool.seconds["propose"] / searching
    step = max(1, len(pool.proposals) // _MADE_AGAIN)
    parts = shares_of_proposing(pool.proposals[::step])
    print(f"proposing and screening: {100 * share:.1f} % of what candidates cost")
    for name, part in parts.items():
        print(f"  of it {name:<14}{100 * part:5.1f} %")
    rest = share * (1 - sum(parts.values()))
    print(f"neither training, protocols nor probes: {100 * rest:.1f} %")


def shares_of_proposing(tasks: list[proposal.ProposalTask]) -> dict[str, float]:
    """Share of the time of these proposals that each of the probes takes."""
    seconds: Counter[str] = Counter()
    kept = {name: getattr(*place) for name, place in _PROBES.items()}
    for name, (module, function) in _PROBES.items():
        _replace(module, function, _timed(kept[name], name, seconds))
    proposal.screened.cache_clear()  # as a worker starts
    start = time.process_time()
    for task in tasks:
        proposal.propose(task)
    total = time.process_time() - start
    for name, (module, function) in _PROBES.items():
        _replace(module, function, kept[name])
    return {name: seconds[name] / total for name in _PROBES}


def _timed(function: Callable[..., Any], name: str, seconds: Counter[str]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        start = time.process_time()
        try:
            return function(*args)
        finally:
            seconds[name] += time.process_time() - start

    return timed


def _replace(module: ModuleType, name: str, value: object) -> None:
    setattr(module, name, value)


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 4.0,
        int(sys.argv[2]) if len(sys.argv) > 2 else 2,
    )
