"""What must be said of a run whose candidates fail for another reason than that they are bad."""

from __future__ import annotations

from collections.abc import Sequence

from results_db.records import Funnel, RunRecord
from results_db.store import ResultsDB
from search_spaces.errors import counted
from workers.verdict import Verdict

# Verdict of the machine -> what ended its candidates, and what to do.
_ADVICE: dict[Verdict, tuple[str, str]] = {
    Verdict.TIMEOUT: (
        "were killed at their time limit",
        "raise `time_limit` (seconds), or train for fewer steps",
    ),
    Verdict.OUT_OF_MEMORY: ("ran out of memory", "use fewer --workers, or smaller networks"),
    Verdict.CRASH: ("crashed", "`evonas replay` shows the traceback of one"),
}


def remarks(db: ResultsDB, run: str) -> list[str]:
    """Sentences on a run, none if nothing is amiss. Raises RunNotFound."""
    funnel = db.funnel(run)
    record = db.run(run)
    return [
        *_exhausted(funnel),
        *_failed(db, run, funnel),
        *_mixed(record.hardware),
        *_by_arrival(record),
    ]


def _exhausted(funnel: Funnel) -> list[str]:
    """Said if no graph was found for a tenth of the candidates or more."""
    exhausted = funnel.verdicts.get(Verdict.EXHAUSTED, 0)
    if not exhausted or 10 * exhausted < funnel.candidates:
        return []
    check, times = max(funnel.refused.items(), key=lambda pair: pair[1])
    return [
        f"For {exhausted:,} of {counted(funnel.candidates, 'candidate')} no graph passed the "
        f"screens in all attempts; most fell at '{check}' ({times:,} of {funnel.attempts:,}). The "
        "requirements or the space leave little to find, or what there is has been found."
    ]


def _mixed(hardware: Sequence[str]) -> list[str]:
    """Said if machines of more than one class evaluated."""
    if len(hardware) < 2:
        return []
    return [
        f"Machines of {len(hardware)} hardware classes evaluated: {'; '.join(hardware)}. The same "
        "training may give other numbers on each, so scores compare less well, and the run cannot "
        "be repeated bit for bit."
    ]


def _by_arrival(run: RunRecord) -> list[str]:
    """Said if rows are committed in the order in which results arrive."""
    if run.config.get("evolution", {}).get("commit_order") != "arrival":
        return []
    return [
        "Candidates are committed as their results arrive. The order is stored, so resuming is "
        "exact, but the run cannot be repeated from its seed."
    ]


def _failed(db: ResultsDB, run: str, funnel: Funnel) -> list[str]:
    """Said of each failure of the machine that ended half of the evaluations or more."""
    not_evaluated = (Verdict.EXHAUSTED, Verdict.DUPLICATE)
    evaluated = funnel.candidates - sum(funnel.verdicts.get(v, 0) for v in not_evaluated)
    lines = []
    for verdict, (what, advice) in _ADVICE.items():
        count = funnel.verdicts.get(verdict, 0)
        if not count or 2 * count < evaluated:
            continue
        reason = next(iter(db.candidates(run, verdict=verdict))).reason
        lines.append(
            f"{count:,} of {counted(evaluated, 'candidate')} {what} ({reason}), so little was "
            f"learned of layers: {advice}."
        )
    return lines
