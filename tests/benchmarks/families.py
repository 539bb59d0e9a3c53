"""Does one family of layers take a search over, and would several searches apart do better?

    python -m tests.benchmarks.families --db sqlite:///evolution_against_random/evonorm-b.db

Reads the searches that `evolution_against_random` leaves. First, of each evolution: how many of its
latest scored layers descend from one fresh graph, and its best score as it went on. Then, for each
budget, what k populations apart would have found, each with that budget divided by k: the best of
every k of the evolutions, each cut off there. Beside it how often that is above a random search of
the whole budget. Only searches in one population tell this (`--set evolution.islands=1`).
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.verdict import Verdict

_LATEST = 64  # scored layers
_MARKS = (50, 100, 150, 200, 300, 400, 500, 1000)  # candidates
_MOST = 5  # populations

Rows = Sequence[CandidateRecord]


def founders(rows: Rows) -> dict[int, int]:
    """The fresh graph that each candidate descends from."""
    found: dict[int, int] = {}
    for row in rows:
        found[row.number] = row.number if row.parent is None else found[row.parent]
    return found


def largest_family(rows: Rows) -> tuple[int, int]:
    """How many of the latest scored layers are of the largest family, and how many there are."""
    found = founders(rows)
    latest = [row.number for row in rows if row.verdict == Verdict.SCORED][-_LATEST:]
    return max(Counter(found[number] for number in latest).values(), default=0), len(latest)


def best_so_far(rows: Rows) -> list[float]:
    """The best mean score after each candidate."""
    best, scores = 0.0, []
    for row in rows:
        if row.verdict == Verdict.SCORED:
            best = max(best, row.mean_score or 0.0)
        scores.append(best)
    return scores


def apart(evolved: Sequence[list[float]], budget: int, populations: int) -> list[float]:
    """The best of each choice of so many searches, each cut off at its share of the budget."""
    share = budget // populations
    cut = [scores[share - 1] for scores in evolved if len(scores) >= share]
    return [max(chosen) for chosen in combinations(cut, populations)]


def table(evolved: Sequence[list[float]], drawn: Sequence[list[float]]) -> Iterator[str]:
    yield f"{'budget':>8}{'populations':>13}{'best':>8}{'above random search':>21}"
    for budget in (mark for mark in _MARKS if mark >= 300):
        random = [scores[budget - 1] for scores in drawn if len(scores) >= budget]
        for populations in range(1, _MOST + 1):
            best = apart(evolved, budget, populations)
            if len(best) < 2 or not random:
                continue
            above = statistics.fmean(a > b for a in best for b in random)
            yield f"{budget:8}{populations:13}{statistics.fmean(best):8.3f}{above:21.0%}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--db", required=True, nargs="+", help="of one space")
    runs: dict[str, Rows] = {}
    for url in parser.parse_args(arguments).db:
        with ResultsDB.open(url, create=False) as db:
            runs |= {run.name: list(db.candidates(run.name)) for run in db.runs()}
    evolved = {name: rows for name, rows in runs.items() if name.startswith("evolution")}
    drawn = [best_so_far(rows) for name, rows in runs.items() if name.startswith("random")]
    print(f"{'search':16}{'largest family':>16}  best after" + "".join(f"{m:7}" for m in _MARKS))
    for name, rows in evolved.items():
        family, latest = largest_family(rows)
        scores = best_so_far(rows)
        best = "".join(f"{scores[mark - 1]:7.3f}" for mark in _MARKS if mark <= len(scores))
        print(f"{name:16}{f'{family} of {latest}':>16}{'':12}{best}")
    print()
    print("\n".join(table([best_so_far(rows) for rows in evolved.values()], drawn)))


if __name__ == "__main__":
    main()
