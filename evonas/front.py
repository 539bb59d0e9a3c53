"""The layers of a run that are called better: its Pareto front, as far as the noise allows.

A run that evaluates nothing again shows the plain front of its single scores. In one that does,
only layers with several seeds are called better than others, and only where the difference of the
means exceeds the noise (evonas/noise.py); a layer with a single seed is not compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evonas.noise import Noise, better, pooled
from results_db.front import matrix, objectives
from results_db.records import SCORED, CandidateRecord
from results_db.repeats import mean_scores
from results_db.store import ResultsDB


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate with its mean scores over `seeds` evaluations; on_front: none is better."""

    candidate: CandidateRecord
    seeds: int
    scores: dict[str, float]
    on_front: bool

    @property
    def mean(self) -> float:
        """Over seeds and anchors."""
        return sum(self.scores[anchor] for anchor in sorted(self.scores)) / len(self.scores)


@dataclass(frozen=True, slots=True)
class Front:
    """Layers that were compared, in the order of candidates; `better`: i than j, layers x layers.
    `noise` is None where differences were taken as they stand.
    """

    layers: tuple[Compared, ...]
    better: NDArray[np.bool_]
    noise: Noise | None


def best_of(candidates: Iterable[CandidateRecord], repeats: Iterable[CandidateRecord]) -> Front:
    """The comparison of a run's candidates, given their re-evaluations."""
    again: dict[int | None, list[CandidateRecord]] = defaultdict(list)
    for row in repeats:
        again[row.repeat_of].append(row)
    means = {row.number: (row, *mean_scores(row, again.get(row.number, ()))) for row in candidates}
    several = [found for found in means.values() if found[1] > 1]
    if not again:
        return _front([found for found in means.values() if found[1] > 0], None)
    noise = pooled(
        [row.scores, *(one.scores for one in again[row.number] if one.verdict == SCORED)]
        for row, _, _ in several
    )
    return _front(several, noise)


def _front(
    found: Sequence[tuple[CandidateRecord, int, dict[str, float]]], noise: Noise | None
) -> Front:
    if not found:
        return Front((), np.zeros((0, 0), dtype=bool), noise)
    all_ = [objectives(scores, row.costs) for row, _, scores in found]
    unknown = np.inf if noise is not None and not noise.known else 0.0
    deviation = [
        0.0 if name.startswith("-") or noise is None else noise.deviation.get(name, unknown)
        for name in sorted(all_[0])
    ]
    seeds = np.array([count for _, count, _ in found], dtype=np.int64)
    beats = better(matrix(all_), seeds, np.array(deviation))
    beaten: NDArray[np.bool_] = np.any(beats, axis=0)
    layers = tuple(
        Compared(row, count, scores, not beaten[i]) for i, (row, count, scores) in enumerate(found)
    )
    return Front(layers, beats, noise)


def front_of(db: ResultsDB, run: str) -> Front:
    """The comparison of a stored run's layers. Raises RunNotFound."""
    repeats = db.repeats(run)
    if not repeats:
        return best_of(db.pareto(run), ())
    return best_of(db.repeated(run), repeats)
