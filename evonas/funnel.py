"""How many candidates pass each protocol, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass

from results_db.store import ResultsDB
from workers.verdict import Verdict

FIRST_STEPS, QUALITY, ALL_STEPS = "stability, first steps", "quality", "stability, all steps"


@dataclass(frozen=True, slots=True)
class Stage:
    """A protocol: how many evaluated candidates it was asked of, and how many passed."""

    name: str
    asked: int
    passed: int


def stages(db: ResultsDB, run: str) -> tuple[Stage, ...]:
    """The stages of a run's evaluations; the last one is all of them together.

    Duplicates, exhausted slots and failures of the machine were not evaluated and do not count. An
    evaluation stops at its first rejection, so each share is of those that the stage was asked of.
    """
    funnel = db.funnel(run)
    counts = funnel.verdicts
    first = funnel.unscored.get(Verdict.UNSTABLE, 0)  # fell before any training
    full = counts.get(Verdict.UNSTABLE, 0) - first
    scored = counts.get(Verdict.SCORED, 0)
    asked_full = full + scored
    asked_training = asked_full + counts.get(Verdict.DIVERGED, 0)
    asked_quality = asked_training + counts.get(Verdict.LOW_QUALITY, 0)
    evaluated = asked_quality + first
    return (
        Stage(FIRST_STEPS, evaluated, asked_quality),
        Stage(QUALITY, asked_quality, asked_training),
        Stage("training without divergence", asked_training, asked_full),
        Stage(ALL_STEPS, asked_full, scored),
        Stage("all of them", evaluated, scored),
    )
