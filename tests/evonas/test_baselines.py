"""Baselines: measured once for all runs, past a rejection, and never silently missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evonas.baselines import BaselineError, Baselines
from evonas.config import load_config
from evonas.hardware import Hardware
from results_db.store import ResultsDB
from tests.evonas.simulated_pool import SimulatedPool
from workers.pools.base import Completion
from workers.verdict import Verdict

CONFIG = load_config("quick", None, ["baselines=['BN-ReLU', 'rectifier']", "time_limit=7"])


def measure(db: ResultsDB, run: str, pool: SimulatedPool) -> Baselines:
    db.create_run(run, CONFIG.seed, CONFIG.to_dict(), budget=1)
    with db.writer(run) as writer:
        baselines = Baselines(db, writer, CONFIG, Hardware(CONFIG.evaluation))
        while not baselines.are_measured:
            baselines.begin(pool)
            baselines.take(pool, 0.0)
    return baselines


def test_a_second_run_uses_what_the_first_one_measured(tmp_path: Path) -> None:
    evaluated: list[str] = []
    with ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as db:
        for run in ("one", "two"):
            pool = SimulatedPool(2, np.random.default_rng(0), None, evaluated)
            baselines = measure(db, run, pool)
            assert baselines.done == 2
            assert baselines.time_limit() == 7
            assert [b.name for b in db.baselines(run)] == ["BN-ReLU", "rectifier"]
            for baseline in db.baselines(run):
                assert db.find_evaluation(baseline.evaluation_key) is not None
    assert len(evaluated) == 2


def test_a_baseline_that_cannot_be_evaluated_ends_the_run(tmp_path: Path) -> None:
    with ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as db:
        pool = SimulatedPool(2, np.random.default_rng(0))
        pool.failure, pool.failing, pool.everything_fails = Verdict.OUT_OF_MEMORY, 4, True
        with pytest.raises(BaselineError, match=r"BN-ReLU|rectifier.*out_of_memory: as arranged"):
            measure(db, "one", pool)


class Mixed(SimulatedPool):
    """The first baseline fails, and comes back together with the second one."""

    def wait(self, timeout: float | None = None) -> list[Completion]:
        ended = super().wait(timeout)
        while self.in_flight:
            ended += super().wait(timeout)
        first, second = sorted(ended, key=lambda completion: completion.task_id)
        return [replace(first, value=None, failure=Verdict.CRASH, message="as arranged"), second]


def test_what_comes_back_with_a_failed_baseline_is_stored(tmp_path: Path) -> None:
    with ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as db:
        with pytest.raises(BaselineError, match="BN-ReLU ended as crash: as arranged"):
            measure(db, "one", Mixed(2, np.random.default_rng(0)))
        stored = [b.name for b in db.baselines("one") if db.find_evaluation(b.evaluation_key)]
        assert stored == ["rectifier"]
