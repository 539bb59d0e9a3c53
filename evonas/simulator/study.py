"""Settings compared over seeds: each is searched with on the same simulated landscapes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from evonas.config import RunConfig
from evonas.intervals import Interval, interval
from evonas.simulator.landscape import Landscape, Terrain
from evonas.simulator.table import ScoreTable, beside
from evonas.simulator.trial import Trial, run_trial
from evonas.simulator.workers import ALIKE, Durations, SimulatedWorkers
from search_spaces.canonical import canonical
from search_spaces.sampling import sample
from workers.screening import static_failure

_GRAPHS = 500  # random ones, over which traits are scaled


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study runs: seeds, candidates of a search, and what is simulated.

    workers: whose time is simulated; None for as many as the lag, all tasks alike, which is faster
    and gives the same history.
    """

    seeds: range
    budget: int
    landscape: Landscape
    table: ScoreTable | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One setting over all seeds. found, chosen: true mean accuracies, see Trial; difference: of
    `found` to the first setting's, seed by seed, with the p of Wilcoxon's signed-rank test, and on
    how many seeds it was better and worse; scored, busy: shares; hours: simulated.
    """

    setting: str
    found: Interval
    chosen: float
    difference: Interval | None
    p: float | None
    better: int
    worse: int
    scored: float
    busy: float
    hours: float


def study(
    settings: Mapping[str, RunConfig], plan: Plan, report: Callable[[Trial], None]
) -> list[Trial]:
    """Every setting on every seed; seed s searches landscape s."""
    trials = []
    for seed in plan.seeds:
        landscape = replace(plan.landscape, seed=seed)
        if plan.table is not None:
            landscape = beside(landscape, plan.table)
        terrain = scaled(landscape, next(iter(settings.values())))
        for name, config in settings.items():
            simulated = SimulatedWorkers(terrain, plan.table, durations(plan))
            workers = plan.workers or config.evolution.lag
            trials.append(run_trial(name, config, simulated, workers, seed, plan.budget))
            report(trials[-1])
    return trials


def durations(plan: Plan) -> Durations:
    """How long simulated work takes: as long as the table's, where it tells."""
    if plan.workers is None:
        return ALIKE
    usual = Durations()
    known = plan.table.seconds() if plan.table else {}
    return replace(usual, evaluation={**usual.evaluation, **known})


def scaled(landscape: Landscape, config: RunConfig) -> Terrain:
    """The landscape, its traits scaled over random graphs that pass the screens on paper."""
    rng = np.random.default_rng(landscape.seed)
    space = config.search_space
    drawn = (canonical(sample(space, rng)) for _ in range(100 * _GRAPHS))
    passing = (g for g in drawn if static_failure(g, space, config.screening) is None)
    return Terrain.over(landscape, islice(passing, _GRAPHS))


def summaries(trials: Sequence[Trial]) -> list[Summary]:
    """One row a setting, in their order; all are compared with the first."""
    by_setting: dict[str, dict[int, Trial]] = {}
    for trial in trials:
        by_setting.setdefault(trial.setting, {})[trial.seed] = trial
    first = next(iter(by_setting.values()))
    return [
        _summary(name, list(of.values()), [of[s].found - first[s].found for s in of], of is first)
        for name, of in by_setting.items()
    ]


def _summary(
    name: str, trials: Sequence[Trial], differences: Sequence[float], is_first: bool
) -> Summary:
    found = interval([trial.found for trial in trials])
    assert found is not None
    return Summary(
        name,
        found,
        statistics.fmean(trial.chosen for trial in trials),
        None if is_first else interval(differences),
        None if is_first else _p(differences),
        sum(difference > 0 for difference in differences),
        sum(difference < 0 for difference in differences),
        statistics.fmean(trial.scored for trial in trials),
        statistics.fmean(trial.busy for trial in trials),
        statistics.fmean(trial.hours for trial in trials),
    )


def _p(differences: Sequence[float]) -> float:
    """Of Wilcoxon's signed-rank test, two-sided; 1 if nothing differs."""
    from scipy.stats import wilcoxon

    if not any(differences):
        return 1.0
    return float(wilcoxon(differences, zero_method="zsplit").pvalue)
