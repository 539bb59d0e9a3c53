"""Studies: searches through the real loop, and how settings are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.config import RunConfig, load_config
from evonas.simulator.errors import SimulationError
from evonas.simulator.landscape import Landscape
from evonas.simulator.plot import plot
from evonas.simulator.study import Plan, study, summaries
from evonas.simulator.trial import Trial, run_trial
from evonas.simulator.workers import ALIKE, Durations, SimulatedWorkers

RANDOM = "evolution.strategy=random"


def config(*settings: str) -> RunConfig:
    small = ("evolution.lag=4", "evolution.window=16", "baselines=[]")
    return load_config("quick", None, (*small, *settings))


def trial_of(workers: int, durations: Durations) -> Trial:
    simulated = SimulatedWorkers(Landscape(1), None, durations)
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
    with pytest.raises(SimulationError, match="leave `primitives` empty"):
        run_trial("one", own, SimulatedWorkers(Landscape(0)), 1, 0, 5)


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


@pytest.mark.slow
def test_evolution_beats_random_search_on_the_landscape() -> None:
    evolution = load_config("quick", None, ["evolution.fresh_probability=0.2"])
    settings = {"evolution": evolution, "random": load_config("quick", None, [RANDOM])}
    for noise in (0.03, 0.1):
        plan = Plan(range(100, 120), 1000, Landscape(0, noise=noise))
        _, random = summaries(study(settings, plan, lambda trial: None))
        assert random.p is not None
        assert random.p < 0.01
        assert random.difference is not None
        assert random.difference.mean < 0
