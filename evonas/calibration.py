"""How far the order that a preset's proxies give can be trusted, measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from evonas.calibration_layers import BAD, KNOWN, PROBED
from evonas.config import RunConfig
from evonas.intervals import Interval, interval
from evonas.published import published_mean
from evonas.scoring import LayerScores, Report, Subject, score_layers, subject_of
from evonas.variants import with_rate, with_steps
from results_db.store import ResultsDB
from search_spaces.text import parse
from workers.evaluation import unfit
from workers.pools.base import Pool
from workers.settings import EvaluationConfig

#: Score by layer, the more the better; None for a layer that is left out.
_Order = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """seeds: of every layer under the preset's settings; long_seeds: of the probed layers at a
    budget `long` times as large; rates: factors on the learning rate, with `rate_seeds` each.
    """

    seeds: int = 5
    long: int = 10
    long_seeds: int = 3
    rates: tuple[float, ...] = (0.3, 3.0)
    rate_seeds: int = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One layer on one anchor under one variant of the settings: "as set", "x10 steps", "rate x3".

    seeds: those with a score, which score, half and noise (standard deviation) are of; verdicts:
    how often each was reached, over all anchors; seconds: None if nothing was evaluated.
    """

    variant: str
    layer: str
    kind: str
    anchor: str
    score: float | None
    half: float | None
    noise: float | None
    seeds: int
    verdicts: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's tau-b between two orders of the same layers, None where it is not defined.

    left_out: names of those that diverged on a seed: what mean they have is of their lucky seeds.
    """

    between: str
    anchor: str
    tau: float | None
    layers: int
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """rows: all that was measured; agreements: between orders; noise: between seeds, pooled over
    the known layers, by anchor; seconds: mean time of a full score, as set; failures: of the
    machine, which the same call tries again.
    """

    rows: tuple[Row, ...]
    agreements: tuple[Agreement, ...]
    noise: Mapping[str, float]
    seconds: float
    failures: tuple[str, ...]


def calibrate(
    config: RunConfig,
    plan: CalibrationPlan,
    pool: Pool,
    db: ResultsDB,
    report: Callable[[str], Report],
) -> Calibration:
    """Score every layer under every variant; what the database holds is not trained again.

    So the same command goes on where it was stopped. `report` makes the report of one variant.
    """
    evaluation = config.evaluation
    known, bad = _fitting(KNOWN, evaluation), _fitting(BAD, evaluation)
    probed = [layer for layer in known if layer.name in PROBED]
    variants: dict[str, tuple[EvaluationConfig, Sequence[Subject], int]] = {
        "as set": (evaluation, [*known, *bad], plan.seeds),
        **{
            f"rate x{factor:g}": (with_rate(evaluation, factor), probed, plan.rate_seeds)
            for factor in plan.rates
        },
        f"x{plan.long} steps": (with_steps(evaluation, plan.long), probed, plan.long_seeds),
    }
    found = {
        name: score_layers(layers, settings, seeds, pool, db, report(name))
        for name, (settings, layers, seeds) in variants.items()
        if seeds > 0
    }
    return summarise(found, [anchor.name for anchor in evaluation.anchors])


def summarise(found: Mapping[str, Sequence[LayerScores]], anchors: Sequence[str]) -> Calibration:
    """Everything that is said of the scores, by variant; the first variant is the preset's own."""
    rows = [row for name, scores in found.items() for row in _rows(name, scores, anchors)]
    (as_set, own), *others = found.items()
    known = [scores for scores in own if scores.subject.name in KNOWN]
    agreements = []
    for anchor in anchors:
        order = _order(known, anchor)
        published = {n: p for n in order if (p := published_mean(n)) is not None}
        pairs: list[tuple[str, _Order]] = [("published ImageNet order", published)]
        pairs += [(name, _order(scores, anchor)) for name, scores in others]
        agreements += [_agreement(f"{as_set}, {name}", anchor, order, o) for name, o in pairs]
    records = [record for scores in own for record in scores.records.values()]
    trained = [record.seconds for record in records if len(record.scores) == len(anchors)]
    return Calibration(
        tuple(rows),
        tuple(agreements),
        {anchor: _pooled([scores.values(anchor) for scores in known]) for anchor in anchors},
        statistics.fmean(trained) if trained else math.nan,
        tuple(
            f"{name}, {layer.subject.name}: {failure}"
            for name, scores in found.items()
            for layer in scores
            for failure in layer.failures
        ),
    )


def documents(rows: Sequence[Row | Agreement]) -> list[dict[str, object]]:
    """Rows as plain values, for files and listings."""
    return [asdict(row) for row in rows]


def _rows(variant: str, scores: Sequence[LayerScores], anchors: Sequence[str]) -> list[Row]:
    rows = []
    for layer in scores:
        verdicts = ", ".join(f"{count} {name}" for name, count in layer.verdicts.most_common())
        seconds = [record.seconds for record in layer.records.values()]
        for anchor in anchors:
            values = layer.values(anchor)
            found: Interval | None = interval(values)
            rows.append(
                Row(
                    variant,
                    layer.subject.name,
                    "known" if layer.subject.name in KNOWN else "bad",
                    anchor,
                    found.mean if found else None,
                    found.half if found else None,
                    statistics.stdev(values) if len(values) > 1 else None,
                    len(values),
                    verdicts,
                    statistics.fmean(seconds) if seconds else None,
                )
            )
    return rows


def _order(scores: Sequence[LayerScores], anchor: str) -> _Order:
    """Mean score by layer; None for one that has no score on some of its seeds."""
    order: dict[str, float | None] = {}
    for layer in scores:
        values = layer.values(anchor)
        whole = 0 < len(values) == len(layer.records)
        order[layer.subject.name] = statistics.fmean(values) if whole else None
    return order


def _agreement(between: str, anchor: str, first: _Order, second: _Order) -> Agreement:
    from scipy.stats import kendalltau

    names = [name for name in first if name in second]
    pairs = [(a, b) for n in names if (a := first[n]) is not None and (b := second[n]) is not None]
    left_out = [name for name in names if first[name] is None or second[name] is None]
    orders = list(zip(*pairs, strict=True))
    distinct = bool(orders) and all(len(set(values)) > 1 for values in orders)
    tau = float(kendalltau(*orders).statistic) if distinct else None
    return Agreement(between, anchor, tau, len(pairs), ", ".join(left_out))


def _pooled(groups: Sequence[Sequence[float]]) -> float:
    """Standard deviation within groups, with all their degrees of freedom; NaN for none."""
    freedom = sum(len(values) - 1 for values in groups if len(values) > 1)
    squares = sum(
        (len(values) - 1) * statistics.variance(values) for values in groups if len(values) > 1
    )
    return math.sqrt(squares / freedom) if freedom else math.nan


def _fitting(layers: Mapping[str, str], config: EvaluationConfig) -> list[Subject]:
    """The layers that can stand in every anchor."""
    graphs = {name: parse(text) for name, text in layers.items()}
    return [
        subject_of(graph, name) for name, graph in graphs.items() if unfit(graph, config) is None
    ]
