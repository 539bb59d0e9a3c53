"""`evonas db check`: is the file whole, do its tallies and fronts agree with the histories?"""

from __future__ import annotations

from collections import Counter, defaultdict

from results_db.front import Front, Scores, extend, objectives
from results_db.queries import CHUNK
from results_db.repeats import standing
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
    miscounted: list[str] = []  # or evaluated again since
    verdicts: Counter[str] = Counter()
    unscored: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    front: Front = {}
    ranked: dict[int, Scores] = {}  # not in the front yet
    expected = 0
    last = db.count(run) - 1  # a running driver may commit more meanwhile
    funnel = db.funnel(run)
    pareto = [record.number for record in db.pareto(run)]
    repeats = defaultdict(list)
    for record in db.repeats(run, last=last):
        repeats[record.repeat_of].append(record)
    for record in db.candidates(run, last=last):
        if record.number != expected:
            problems.append(f"candidates {expected} to {record.number - 1} are missing.")
        expected = record.number + 1
        if record.repeat_of is not None:
            repeated[record.verdict] += 1
            continue
        seeds, _ = standing(record, repeats.get(record.number, ()))
        if seeds != record.seeds:
            miscounted.append(f"candidate {record.number} has {seeds} seeds, not {record.seeds}.")
        verdicts[record.verdict] += 1
        unscored[record.verdict] += not record.scores
        if record.mean_score is not None:
            ranked[record.number] = objectives(record.scores, record.costs)
        if len(ranked) >= CHUNK:
            front, ranked = extend(front, ranked), {}
    front = extend(front, ranked)
    if db.count(run) - 1 != last:
        return problems
    problems += miscounted
    for told, counted in (
        (funnel.verdicts, verdicts),
        (funnel.unscored, +unscored),
        (funnel.repeated, repeated),
    ):
        if dict(counted) != told:
            problems.append(f"the tallies say {told}, the history {dict(counted)}.")
    if sorted(front) != pareto:
        problems.append(f"the Pareto front is stored as {pareto}, it is {sorted(front)}.")
    return problems
