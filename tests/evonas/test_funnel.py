"""How many candidates each protocol was asked of, and how many passed."""

from __future__ import annotations

from pathlib import Path

from evonas.funnel import stages
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.small_database import RUN, SCORES, candidate
from workers.verdict import Verdict

# Verdict, whether it has scores, how many: primes, so that no counts agree by chance.
COUNTS = (
    (Verdict.UNSTABLE, False, 2),  # within the first steps
    (Verdict.LOW_QUALITY, False, 3),
    (Verdict.DIVERGED, False, 5),
    (Verdict.UNSTABLE, True, 7),  # within all steps
    (Verdict.SCORED, True, 11),
    (Verdict.DUPLICATE, True, 13),
    (Verdict.EXHAUSTED, False, 17),
    (Verdict.TIMEOUT, False, 19),
)


def rows() -> list[CandidateRecord]:
    found: list[CandidateRecord] = []
    for verdict, has_scores, count in COUNTS:
        scores = SCORES if has_scores else {}
        for _ in range(count):
            found.append(candidate(len(found), "x / std[bs](x)", verdict, scores=scores))
    scored = next(row.number for row in found if row.verdict == Verdict.SCORED)
    again = candidate(len(found), "x / std[bs](x)", Verdict.UNSTABLE, repeat_of=scored)
    return [*found, again]


def test_each_stage_is_asked_of_what_passed_the_one_before(here: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run(RUN, 0, {}, budget=100)
        with db.writer(RUN) as writer:
            writer.commit(rows())
        found = stages(db, RUN)
    assert [(stage.asked, stage.passed) for stage in found] == [
        (28, 26),
        (26, 23),
        (23, 18),
        (18, 11),
        (28, 11),
    ]


def test_an_empty_run_was_asked_nothing(here: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run(RUN, 0, {}, budget=100)
        assert {(stage.asked, stage.passed) for stage in stages(db, RUN)} == {(0, 0)}
