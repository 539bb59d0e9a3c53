"""Small searches in a simulated pool, and the histories that they write."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evonas.config import RunConfig, load_config
from evonas.evolution import FINISHED, Stop, run_search
from evonas.progress import Progress
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.simulated_pool import KilledError, SimulatedPool

BUDGET = 60


# Every kind of mutation, most often grafts, of parents most of the time.
GRAFTS = (
    "evolution.fresh_probability=0.2",
    "evolution.mutation={redraw=0.5, insert=1, delete=0.5, rewire=1, swap=1, moment=1, graft=5}",
)


def small_config(seed: int = 3, further: tuple[str, ...] = ()) -> RunConfig:
    settings = ("evolution.lag=5", "evolution.window=12", "baselines=[]", "max_minutes=1000")
    return load_config("quick", None, (f"seed={seed}", f"budget={BUDGET}", *settings, *further))


def history(
    folder: Path,
    workers: int,
    schedule: int,
    kills: tuple[int, ...] = (),
    seed: int = 3,
    further: tuple[str, ...] = (),
) -> tuple[list[CandidateRecord], list[str]]:
    """Run to the end, killed after so many results each time; rows, and what was evaluated."""
    config = small_config(seed, further)
    rng = np.random.default_rng(schedule)
    evaluated: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    with ResultsDB.open(f"sqlite:///{folder}/{schedule}.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        for kill_after in kills:
            pool = SimulatedPool(workers, rng, kill_after, evaluated)
            try:
                run_search(db, "r", pool, report=ignore, stop=Stop())
            except KilledError:
                continue
        pool = SimulatedPool(workers, rng, None, evaluated)
        assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
        return list(db.candidates("r")), evaluated


def ignore(progress: Progress) -> None:
    assert progress.committed <= progress.budget
