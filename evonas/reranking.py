"""Reranking: the best layers of a run, trained again where its search did not look.

    for each layer, baselines alike, and each anchor:
        train with each learning rate, on the seeds of the choice; validation data
        keep the rate with the best mean
        train with it on other seeds, and test once on data that nothing else reads

The rates, and the order of the layers, are settled before any test, on other data and other seeds,
so what is tested was not chosen for being lucky in the test.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from evonas.config_document import plain
from evonas.contenders import Contender
from evonas.measuring import Outcome
from evonas.rerank_setup import RerankSetup
from evonas.scoring import Subject
from evonas.standings import Comparison, Standing, best, comparisons, standings
from evonas.trials import Cell, Laboratory, Report
from results_db.records import AnchorResult, EvaluationRecord, RerankedLayer, RerankRecord
from results_db.store import ResultsDB
from search_spaces.graph import Graph
from workers.evaluation import unfit
from workers.pools.base import Pool
from workers.retraining import TEST, VALIDATION, alone
from workers.settings import EvaluationConfig

# No search, score or calibration trains with these seeds; a choice and a test share none.
_CHOICE_SEED, _TEST_SEED = 1000, 2000
MOST_SEEDS = _TEST_SEED - _CHOICE_SEED


@dataclass(frozen=True, slots=True)
class RerankPlan:
    """seeds: of the tests; rate_seeds: of the choice of a rate; rates: factors on the rate.

    Raises ValueError for fewer than two tests, which have no interval, and for what cannot be.
    """

    seeds: int = 5
    rate_seeds: int = 3
    rates: tuple[float, ...] = (0.3, 1.0, 3.0)

    def __post_init__(self) -> None:
        for name, given, least in (("seeds", self.seeds, 2), ("rate_seeds", self.rate_seeds, 1)):
            if not least <= given <= MOST_SEEDS:
                raise ValueError(f"{name} may be {least} to {MOST_SEEDS}; given {given}")
        if not self.rates or not all(0 < rate < math.inf for rate in self.rates):
            raise ValueError(f"rates are positive factors such as (0.3, 1, 3); given {self.rates}")


@dataclass(frozen=True, slots=True)
class Rerank:
    """The results, and what the machine failed at: the same call tries that again."""

    record: RerankRecord
    failures: tuple[str, ...]

    @property
    def standings(self) -> list[Standing]:
        """The layers found, those given, the baselines; each part best validation first."""
        return standings(self.record)

    @property
    def best(self) -> Standing | None:
        """The layer found that did best in validation, of those that failed nowhere; no test
        accuracy had a say in it.
        """
        return best(self.record)

    @property
    def comparisons(self) -> list[Comparison]:
        """Every layer found against the others, on each anchor; corrected for their number."""
        return comparisons(self.record)


def rerank(
    db: ResultsDB, setup: RerankSetup, plan: RerankPlan, pool: Pool, report: Report
) -> Rerank:
    """Train and test each layer; what the database holds is not trained again.

    Every training is stored as it ends, the whole once nothing has failed.
    """
    layers, evaluation = setup.layers, setup.evaluation
    anchors = {anchor.name: alone(evaluation, anchor) for anchor in evaluation.anchors}
    machines = db.run(setup.run).hardware
    laboratory = Laboratory(db, pool, anchors, setup.primitives, machines, report)
    results = {
        (layer.subject, name): AnchorResult(failure=_obstacle(layer.subject, config))
        for name, config in anchors.items()
        for layer in layers
    }
    places = [place for place, result in results.items() if not result.failure]

    cells = [Cell(*place, rate) for rate in plan.rates for place in places]
    seeds = range(_CHOICE_SEED, _CHOICE_SEED + plan.rate_seeds)
    tried = laboratory.outcomes(cells, seeds, tested=False)
    for place in places:
        results[place] = _choose({rate: tried[Cell(*place, rate)] for rate in plan.rates})

    chosen = [(p, rate) for p in places if (rate := results[p].rate) is not None]
    seeds = range(_TEST_SEED, _TEST_SEED + plan.seeds)
    tested = laboratory.outcomes([Cell(*p, rate) for p, rate in chosen], seeds, tested=True)
    for place, rate in chosen:
        results[place] = _with_tests(results[place], tested[Cell(*place, rate)])

    reranked = tuple(
        _reranked(layer, {name: results[layer.subject, name] for name in anchors})
        for layer in layers
    )
    settings: dict[str, Any] = plain({**asdict(plan), "evaluation": asdict(evaluation)})
    record = RerankRecord(
        run=setup.run, key=_key(settings, layers), settings=settings, layers=reranked
    )
    if not laboratory.failures:
        db.store_rerank(record)
    return Rerank(record, tuple(laboratory.failures))


def _choose(outcomes: Mapping[float, Sequence[Outcome]]) -> AnchorResult:
    """The rate with the best mean validation accuracy among those at which no seed failed; of
    equal ones the one nearest to the settings' own.
    """
    means: dict[float, float] = {}
    failed: dict[str, str] = {}
    for rate, of_seeds in outcomes.items():
        values, reasons = _split(of_seeds, VALIDATION)
        if reasons:
            failed[f"{rate:g}"] = reasons[0]
        else:
            means[rate] = statistics.fmean(values)
    if not means:
        reason = next(iter(failed.values()))
        return AnchorResult(failure=f"at every rate, such as {reason}", failed_rates=failed)
    chosen = max(means, key=lambda rate: (means[rate], -abs(math.log(rate))))
    return AnchorResult(rate=chosen, validation=means[chosen], failed_rates=failed)


def _with_tests(result: AnchorResult, outcomes: Sequence[Outcome]) -> AnchorResult:
    """The result with its tests; one failed seed leaves none, or the lucky ones would count."""
    values, reasons = _split(outcomes, TEST)
    if reasons:
        failure = f"{len(reasons)} of {len(outcomes)} seeds, such as {reasons[0]}"
        return replace(result, failure=failure)
    return replace(result, test=tuple(values))


def _split(outcomes: Iterable[Outcome], score: str) -> tuple[list[float], list[str]]:
    """The scores there are, and why the others are not."""
    values, reasons = [], []
    for outcome in outcomes:
        if isinstance(outcome, EvaluationRecord) and score in outcome.scores:
            values.append(outcome.scores[score])
        else:
            reasons.append(outcome if isinstance(outcome, str) else outcome.reason)
    return values, reasons


def _obstacle(subject: Subject, config: EvaluationConfig) -> str:
    """Why a layer cannot stand in the anchor of `config`, "" if it can."""
    if subject.is_own:
        needs = config.requirements
        return f"a class cannot be proved {needs[0]}, as the anchor needs" if needs else ""
    missed = unfit(Graph.from_json(subject.given), config)
    return f"is not {missed}, as the anchor needs" if missed else ""


def _reranked(layer: Contender, results: dict[str, AnchorResult]) -> RerankedLayer:
    subject = layer.subject
    return RerankedLayer(
        name=subject.name,
        kind=layer.kind,
        digest=subject.digest,
        text=subject.text,
        number=layer.number,
        results=results,
    )


def _key(settings: dict[str, Any], layers: Sequence[Contender]) -> str:
    content = [settings, [layer.subject.digest for layer in layers]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
