"""What good parents pass on, and how good the parents are that a tournament chooses.

    python -m tests.benchmarks.selection_pressure RUN --db sqlite:///evonas.db

First, of a run that was searched: candidates by the score of their parent, how many scored, and how
many are among the best tenth. Then tournaments over the windows of that run: the mean score of the
parents that each setting chooses, beside the mean of the window and of its five best.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from evonas.config import config_from_dict
from evonas.config_sections import EvolutionConfig
from evonas.islands import Islands
from evonas.population import Member, Window
from evonas.selection import WINNERS
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.verdict import Verdict

_QUANTILES = (0.0, 0.5, 0.8, 0.9, 1.0)  # of the parents' scores
_SIZES = (4, 8, 16, 32)
_EVERY, _TOURNAMENTS = 50, 60  # candidates between two windows; tournaments in each


def mean(member: Member) -> float:
    return statistics.fmean(member.scores.values())


def inheritance(rows: Sequence[CandidateRecord]) -> Iterator[str]:
    """Children by the score of their parent; copies and further seeds are left out."""
    scores = {row.number: row.mean_score for row in rows if row.repeat_of is None}
    pairs = [
        (scores[row.parent] or 0.0, row.mean_score)
        for row in rows
        if row.parent is not None and row.verdict != Verdict.DUPLICATE
    ]
    if not pairs:
        yield "no candidate has a parent"
        return
    good = float(np.quantile([s for s in scores.values() if s is not None], 0.9))
    parents = np.array([parent for parent, _ in pairs])
    edges = np.quantile(parents, _QUANTILES)
    # A parent at an edge belongs to the bin above it, the best one to the last.
    places = np.minimum(np.searchsorted(edges, parents, side="right"), len(edges) - 1) - 1
    yield f"{'parent':>15}{'children':>10}{'scored':>9}{f'above {good:.3f}':>13}"
    for place, (low, high) in enumerate(pairwise(edges)):
        born = [child for (_, child), its in zip(pairs, places, strict=True) if its == place]
        scored = [child for child in born if child is not None]
        best = sum(child > good for child in scored)
        count = max(1, len(born))
        yield (
            f"{f'{low:.3f} to {high:.3f}':>15}{len(born):10}{len(scored) / count:9.0%}"
            f"{best / count:13.0%}"
        )


def windows(rows: Sequence[CandidateRecord], config: EvolutionConfig) -> Iterator[Window]:
    """Who might be drawn after every so many candidates, where they are half of a full window."""
    islands = Islands(config.islands, config.window, config.lag)
    for number, row in enumerate(rows, start=1):
        islands.take(row)
        if number % _EVERY == 0:
            yield from (w for w in islands.windows() if len(w) >= config.window / 2)


def chosen(
    rows: Sequence[CandidateRecord], config: EvolutionConfig
) -> Iterator[tuple[str, list[float]]]:
    """Mean scores of the parents, for each winner and size of the tournament."""
    for winner, wins in WINNERS.items():
        means = []
        for tournament in _SIZES:
            rng = np.random.default_rng(0)
            parents = []
            for window in windows(rows, config):
                for _ in range(_TOURNAMENTS):
                    drawn = np.sort(rng.permutation(len(window))[:tournament])
                    parents.append(mean(window[wins(window.points, drawn, rng)]))
            means.append(statistics.fmean(parents))
        yield winner, means


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run")
    parser.add_argument("--db", default="sqlite:///evonas.db")
    given = parser.parse_args(arguments)
    with ResultsDB.open(given.db, create=False) as db:
        rows = list(db.candidates(given.run))
        evolution = config_from_dict(db.run(given.run).config).evolution
    print("\n".join(inheritance(rows)))
    in_windows = [list(map(mean, window)) for window in windows(rows, evolution)]
    if not in_windows:
        half = evolution.window // 2
        parser.exit(1, f"run {given.run!r} never had {half} scored candidates in a window\n")
    average = statistics.fmean(map(statistics.fmean, in_windows))
    best = statistics.fmean(statistics.fmean(sorted(scores)[-5:]) for scores in in_windows)
    print(f"\nwindows: mean {average:.3f}, their five best {best:.3f}; parents chosen of them:")
    print(f"{'tournament of':15}" + "".join(f"{size:8}" for size in _SIZES))
    for winner, means in chosen(rows, evolution):
        print(f"{winner:15}" + "".join(f"{value:8.3f}" for value in means))


if __name__ == "__main__":
    main()
