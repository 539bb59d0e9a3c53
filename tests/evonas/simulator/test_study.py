"""Studies: searches through the real loop, and how settings are compared."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from evonas.config import RunConfig, load_config
from evonas.evolution import Stop, run_search
from evonas.simulator.errors import SimulationError
from evonas.simulator.landscape import Landscape
from evonas.simulator.plot import plot
from evonas.simulator.pool import VirtualPool
from evonas.simulator.study import Plan, scaled, study, summaries
from evonas.simulator.trial import Trial, run_trial
from evonas.simulator.workers import ALIKE, Durations, SimulatedWorkers
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.verdict import Verdict

RANDOM = "evolution.strategy=random"


def config(*settings: str) -> RunConfig:
    small = ("evolution.lag=4", "evolution.window=16", "baselines=[]")
    return load_config("quick", None, (*small, *settings))


def trial_of(workers: int, durations: Durations) -> Trial:
    simulated = SimulatedWorkers(scaled(Landscape(1), config()), None, durations)
    return run_trial("one", config(), simulated, workers, 1, 40)


def test_what_is_found_does_not_depend_on_workers_and_time() -> None:
    alike, timed = trial_of(4, ALIKE), trial_of(3, Durations())
    assert (alike.found, alike.chosen, alike.scored) == (timed.found, timed.chosen, timed.scored)
    assert 0.0 < timed.busy <= 1.0
    assert timed.chosen <= timed.found


def test_one_worker_is_always_busy() -> None:
    assert trial_of(1, Durations()).busy == pytest.approx(1.0)


def test_more_workers_than_the_lag_has_slots_are_idle() -> None:
    assert trial_of(16, ALIKE).busy <= 4 / 16


def test_own_primitives_are_refused() -> None:
    own = config().model_copy(update={"primitives": ("m:f",)})
    simulated = SimulatedWorkers(scaled(Landscape(0), config()))
    with pytest.raises(SimulationError, match="leave `primitives` empty"):
        run_trial("one", own, simulated, 1, 0, 5)


def made_up(setting: str, founds: list[float]) -> list[Trial]:
    return [Trial(setting, s, f, f, 0.5, 1.0, 1.0, 1.0) for s, f in enumerate(founds)]


def test_a_summary_compares_seed_by_seed() -> None:
    first = made_up("first", [0.1 * i for i in range(8)])
    better = made_up("better", [0.1 * i + 0.01 * (i + 1) for i in range(8)])
    equal = made_up("equal", [0.1 * i for i in range(8)])
    rows = summaries([*first, *better, *equal])
    assert [row.setting for row in rows] == ["first", "better", "equal"]
    assert (rows[0].difference, rows[0].p) == (None, None)
    assert rows[1].difference is not None
    assert rows[1].difference.mean == pytest.approx(0.045)
    assert (rows[1].better, rows[1].worse) == (8, 0)
    assert rows[1].p == pytest.approx(2 / 2**8)  # all of 8 signs: exact
    assert (rows[2].p, rows[2].better, rows[2].worse) == (1.0, 0, 0)


def test_a_study_goes_through_seeds_and_settings_and_is_drawn(tmp_path: Path) -> None:
    plan = Plan(range(2), 20, Landscape(0), workers=2)
    seen: list[Trial] = []
    trials = study({"as given": config(), "random": config(RANDOM)}, plan, seen.append)
    assert trials == seen
    names = [(trial.seed, trial.setting) for trial in trials]
    assert names == [(0, "as given"), (0, "random"), (1, "as given"), (1, "random")]
    for name in ("one.svg", "two.svg"):
        plot(summaries(trials), "title", True, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert b"as given" in (tmp_path / "one.svg").read_bytes()


def searched(seed: int, folder: Path) -> list[CandidateRecord]:
    given = load_config("quick", None, ("baselines=[]", f"seed={seed}", "budget=300"))
    given = given.model_copy(update={"max_minutes": None})
    simulated = SimulatedWorkers(scaled(Landscape(seed), given), None, ALIKE)
    with ResultsDB.open(f"sqlite:///{folder}/{seed}.db") as db:
        db.create_run("one", seed, given.to_dict(), budget=300)
        pool = VirtualPool(given.evolution.lag, simulated.answer)
        run_search(db, "one", pool, report=lambda _: None, stop=Stop())
        return list(db.candidates("one"))


def test_the_best_parents_pass_on_more_than_others(tmp_path: Path) -> None:
    children: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(4):
        rows = searched(seed, tmp_path)
        scores = {row.number: row.mean_score for row in rows}
        good = float(np.quantile([score for score in scores.values() if score is not None], 0.9))
        parents = [scores[row.parent] for row in rows if row.parent is not None]
        best = float(np.quantile([score for score in parents if score is not None], 0.9))
        for row in rows:
            parent = None if row.parent is None else scores[row.parent]
            if parent is not None and row.verdict != Verdict.DUPLICATE:
                children[parent > best].append((row.mean_score or 0.0) > good)
    # Real runs: 14 to 29 % against 1 to 4 %.
    assert fmean(children[True]) > 0.08
    assert fmean(children[False]) < 0.08
    assert fmean(children[True]) > 2 * fmean(children[False])


@pytest.mark.slow
def test_evolution_beats_random_search_on_the_landscape() -> None:
    settings = {"evolution": load_config("quick"), "random": load_config("quick", None, [RANDOM])}
    plan = Plan(range(100, 140), 1000, Landscape(0))
    _, random = summaries(study(settings, plan, lambda trial: None))
    assert random.p is not None
    assert random.p < 0.01
    assert random.difference is not None
    assert random.difference.mean < 0
