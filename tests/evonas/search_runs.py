"""Small searches in a simulated pool, and the histories that they write."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from evonas.config import RunConfig, load_config
from evonas.evolution import FINISHED, Stop, run_search
from evonas.progress import Progress
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from search_spaces.canonical import digest
from search_spaces.graph import Graph
from tests.evonas.simulated_pool import KilledError, SimulatedPool, SimulatedSerialPool
from workers.evaluation import evaluation_key
from workers.pools.base import Pool

BUDGET = 60


# Every kind of mutation, most often grafts, of parents most of the time.
GRAFTS = (
    "evolution.fresh_probability=0.2",
    "evolution.mutation={redraw=0.5, insert=1, delete=0.5, rewire=1, swap=1, moment=1, graft=5}",
)


def small_config(seed: int = 3, further: tuple[str, ...] = ()) -> RunConfig:
    settings = ("evolution.lag=5", "evolution.window=12", "evolution.islands=1", "baselines=[]")
    asked = (f"seed={seed}", f"budget={BUDGET}", "max_minutes=1000", *settings, *further)
    return load_config("quick", None, asked)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens to a run: how many workers it has (0: none but the driver), when the driver is
    killed (after so many hand-overs of each start), and the odds of crashes and repeated results.
    """

    seed: int = 0
    workers: int = 1
    kills: tuple[int, ...] = ()
    crashing: float = 0.0
    repeating: float = 0.0


# Every kind of schedule, for property tests.
SCHEDULES = st.builds(
    Schedule,
    seed=st.integers(1, 10**6),
    workers=st.sampled_from((0, 1, 2, 8)),
    kills=st.lists(st.integers(0, 40), max_size=5).map(tuple),
    crashing=st.sampled_from((0.0, 0.1, 0.4)),
    repeating=st.sampled_from((0.0, 0.2, 1.0)),
)


def history(
    folder: Path,
    workers: int,
    schedule: int,
    kills: tuple[int, ...] = (),
    seed: int = 3,
    further: tuple[str, ...] = (),
) -> tuple[list[CandidateRecord], list[str]]:
    """Run to the end, killed after so many hand-overs each time; rows, and what was evaluated."""
    return run_through(folder, Schedule(schedule, workers, kills), small_config(seed, further))


def run_through(
    folder: Path, schedule: Schedule, config: RunConfig
) -> tuple[list[CandidateRecord], list[str]]:
    """Run to the end through all that the schedule has; rows, and what was evaluated.

    Nothing that was handed to the driver may be missing from the database after a kill, and no
    committed row may change.
    """
    rng = np.random.default_rng(schedule.seed)
    evaluated: list[str] = []
    committed: list[CandidateRecord] = []
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{schedule.seed}.db"
    file.write_bytes(new_database(config))
    with ResultsDB.open(f"sqlite:///{file}", create=False) as db:
        for kill_after in (*schedule.kills, None):
            pool = pool_of(schedule, rng, kill_after, evaluated)
            try:
                assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
            except KilledError:
                keys = {key_of(layer, config) for layer in evaluated}
                assert db.find_evaluations(list(keys)).keys() == keys
            rows = list(db.candidates("r"))
            kept = [row.history_row() for row in rows[: len(committed)]]
            assert kept == [row.history_row() for row in committed]
            committed = rows
        return committed, evaluated


def pool_of(
    schedule: Schedule, rng: np.random.Generator, kill_after: int | None, evaluated: list[str]
) -> Pool:
    if schedule.workers == 0:
        return SimulatedSerialPool(kill_after, evaluated)
    return SimulatedPool(
        schedule.workers,
        rng,
        kill_after,
        evaluated,
        crashing=schedule.crashing,
        repeating=schedule.repeating,
    )


def key_of(layer: str, config: RunConfig) -> str:
    """The key of an evaluation as a simulated pool counts it."""
    graph_json, seed_index, stops = layer.rsplit(" ", 2)
    found = digest(Graph.from_json(graph_json))
    return evaluation_key(found, config.evaluation, int(seed_index), stops == "True")


def new_database(config: RunConfig) -> bytes:
    """A database with the run and nothing else, made once for each configuration."""
    return _new_database(json.dumps(config.to_dict()))


@lru_cache(maxsize=16)
def _new_database(config_json: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        with ResultsDB.open(f"sqlite:///{file}") as db:
            config = json.loads(config_json)
            db.create_run("r", config["seed"], config, budget=config["budget"])
        return file.read_bytes()


def ignore(progress: Progress) -> None:
    assert progress.committed <= progress.budget
