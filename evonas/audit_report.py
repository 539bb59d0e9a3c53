"""What the rejection audit found: how often each check throws out what would have done well.

A false rejection is a layer that passes every later protocol and whose mean score over the anchors
is at least that of the worst baseline that the protocols accept; of a run without such a baseline,
at least the median of its scored candidates.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.audit import AUDITED_PROTOCOLS
from evonas.funnel import ALL_STEPS, stages
from evonas.intervals import proportion
from evonas.leaderboard import anchors_of, baselines
from results_db.records import AuditedRecord, EvaluationRecord
from results_db.store import ResultsDB
from workers.audit import AUDITED_CHECKS
from workers.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Followed:
    """An audited layer and what it came to, None while it is to be trained or the machine failed.

    mean: over the anchors, None if one has no score; passed: every protocol after the check that
    threw it out; is_false: whether it should not have been thrown out.
    """

    layer: AuditedRecord
    evaluation: EvaluationRecord | None
    mean: float | None = None
    passed: bool = False
    is_false: bool = False


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One check. refused: attempts (candidates, of a protocol) that fell at it in all; followed:
    different layers that were trained to the end; waiting: that are still to be; failed: by a fault
    of the machine; low, high: 95 % interval of the rate of false rejections among different layers.
    """

    check: str
    refused: int
    followed: int
    waiting: int
    failed: int
    passed: int
    false: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """share: of what is thrown out that is followed; bar: the least mean score of a good layer, of
    what `bar_of` says, None if there is none yet; seconds: that workers spent, all together.
    """

    share: float
    bar: float | None
    bar_of: str
    seconds: float
    lines: tuple[AuditLine, ...]
    layers: tuple[Followed, ...]


def audit_report(db: ResultsDB, run: str) -> AuditReport:
    """The audit of a run so far. Raises RunNotFound."""
    record = db.run(run)
    audited = db.audited(run)
    bar, bar_of = _bar(db, run) if audited else (None, "")
    anchors = anchors_of(record)
    stored = db.find_evaluations([layer.evaluation_key for layer in audited])
    layers = tuple(
        _followed(layer, stored.get(layer.evaluation_key), anchors, bar) for layer in audited
    )
    # What the last protocol rejected has its scores already: nothing was trained again.
    trained = [f.evaluation for f in layers if f.evaluation and f.layer.failed != ALL_STEPS]
    refused = {**dict.fromkeys(AUDITED_CHECKS, 0), **db.funnel(run).refused}
    refused |= {s.name: s.asked - s.passed for s in stages(db, run)}
    checks = (*AUDITED_CHECKS, *AUDITED_PROTOCOLS)
    return AuditReport(
        share=float(record.config.get("audit", {}).get("share", 0.0)),
        bar=bar,
        bar_of=bar_of,
        seconds=sum(evaluation.seconds for evaluation in trained),
        lines=tuple(_line(check, refused[check], layers) for check in checks),
        layers=layers,
    )


def _bar(db: ResultsDB, run: str) -> tuple[float | None, str]:
    accepted = [
        (entry.mean, entry.name)
        for entry in baselines(db, run)
        if entry.mean is not None and not entry.rejected
    ]
    if accepted:
        return min(accepted)
    means = [row.mean_score for row in db.candidates(run, verdict=Verdict.SCORED)]
    known = [mean for mean in means if mean is not None]
    return statistics.median(known) if known else None, "the median scored candidate"


def _followed(
    layer: AuditedRecord,
    evaluation: EvaluationRecord | None,
    anchors: Sequence[str],
    bar: float | None,
) -> Followed:
    if evaluation is None:
        return Followed(layer, None)
    scores = [evaluation.scores[a] for a in anchors if a in evaluation.scores]
    mean = statistics.fmean(scores) if len(scores) == len(anchors) else None
    # The protocol that threw a candidate out may do so on more than one anchor.
    by_itself = evaluation.verdict == Verdict.SCORED or layer.failed in AUDITED_PROTOCOLS
    passed = by_itself and mean is not None and set(evaluation.further) <= {evaluation.verdict}
    is_false = passed and mean is not None and bar is not None and mean >= bar
    return Followed(layer, evaluation, mean, passed, is_false)


def _line(check: str, refused: int, layers: Sequence[Followed]) -> AuditLine:
    mine = [followed for followed in layers if followed.layer.failed == check]
    ended = [followed for followed in mine if followed.evaluation is not None]
    # One that failed here may have a result from elsewhere since: that of another run is found too.
    failed = sum(bool(f.layer.failure) for f in mine if f.evaluation is None)
    false = sum(followed.is_false for followed in ended)
    low, high = proportion(false, len(ended)) if ended else (None, None)
    return AuditLine(
        check=check,
        refused=refused,
        followed=len(ended),
        waiting=len(mine) - len(ended) - failed,
        failed=failed,
        passed=sum(followed.passed for followed in ended),
        false=false,
        rate=false / len(ended) if ended else None,
        low=low,
        high=high,
    )
