"""`evonas db check`: is the file whole, do its tallies and fronts agree with the histories?"""

from __future__ import annotations

from collections import Counter

from results_db.front import Front
from results_db.store import ResultsDB


def check(db: ResultsDB) -> list[str]:
    """The problems found, each a sentence; empty if all is well. Reads everything once."""
    problems = []
    if db.database.address.path:
        answer = db.database.pragma("PRAGMA integrity_check")[0]
        if answer != "ok":
            problems.append(f"{db.address} is damaged: {answer}. Restore a backup.")
    for run in db.runs():
        problems += [f"run {run.name!r}: {problem}" for problem in _check_run(db, run.name)]
    return problems


def _check_run(db: ResultsDB, run: str) -> list[str]:
    problems: list[str] = []
    verdicts: Counter[str] = Counter()
    front = Front()
    expected = 0
    last = db.count(run) - 1  # a running driver may commit more meanwhile
    funnel = db.funnel(run)
    pareto = [record.number for record in db.pareto(run)]
    for record in db.candidates(run, last=last):
        if record.number != expected:
            problems.append(f"candidates {expected} to {record.number - 1} are missing.")
        expected = record.number + 1
        verdicts[record.verdict] += 1
        if record.mean_score is not None:
            front.add(record.number, record.scores)
    if db.count(run) - 1 != last:
        return problems
    if dict(verdicts) != funnel.verdicts:
        problems.append(f"the tallies say {funnel.verdicts}, the history {dict(verdicts)}.")
    if sorted(front.members) != pareto:
        problems.append(f"the Pareto front is stored as {pareto}, it is {sorted(front.members)}.")
    return problems
