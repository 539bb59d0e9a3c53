"""How many candidates pass each protocol, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from results_db.records import CandidateRecord
from workers.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Stage:
    """A protocol: how many evaluated candidates it was asked of, and how many passed."""

    name: str
    asked: int
    passed: int


def stages(rows: Iterable[CandidateRecord]) -> tuple[Stage, ...]:
    """The stages of a run's evaluations; the last one is all of them together.

    Duplicates, exhausted slots and failures of the machine were not evaluated and do not count. An
    evaluation stops at its first rejection, so each share is of those that the stage was asked of.
    """
    first = quality = diverged = full = scored = 0
    for row in rows:
        match row.verdict:
            case Verdict.UNSTABLE if not row.scores:  # before any training
                first += 1
            case Verdict.UNSTABLE:
                full += 1
            case Verdict.LOW_QUALITY:
                quality += 1
            case Verdict.DIVERGED:
                diverged += 1
            case Verdict.SCORED:
                scored += 1
    evaluated = first + quality + diverged + full + scored
    asked_quality = evaluated - first
    asked_training = asked_quality - quality
    asked_full = asked_training - diverged
    return (
        Stage("stability, first steps", evaluated, asked_quality),
        Stage("quality", asked_quality, asked_training),
        Stage("training without divergence", asked_training, asked_full),
        Stage("stability, all steps", asked_full, scored),
        Stage("all of them", evaluated, scored),
    )
