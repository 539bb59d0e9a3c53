"""The committed history of a run, as much of it as the loop needs: counts, the window, and what is
equal to what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evonas.config import EvolutionConfig
from evonas.selection import Member, Window, hypervolume, pareto_front
from results_db.records import CandidateRecord
from workers.fingerprint import Fingerprint, FingerprintIndex
from workers.verdict import Verdict


class History:
    """Rebuilt from committed rows, then extended by each commit; the same rows give the same
    history.
    """

    def __init__(self, config: EvolutionConfig, rows: Iterable[CandidateRecord] = ()) -> None:
        self.committed = 0
        self.window = Window(config.window, config.lag)
        self.verdicts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.attempts = 0
        self.best: dict[str, float] = {}
        self.best_mean = 0.0
        self.best_text = ""
        self._front: list[dict[str, float]] = []
        self._index = FingerprintIndex()
        self._originals: dict[int, CandidateRecord] = {}
        for row in rows:
            self.add(row)

    def add(self, row: CandidateRecord) -> None:
        """Take in the next committed row."""
        if row.number != self.committed:
            raise ValueError(f"expected candidate {self.committed}, given {row.number}")
        self.committed += 1
        self.verdicts[row.verdict] += 1
        self.refused.update(row.refused)
        self.attempts += row.attempts
        if row.fingerprint and row.verdict != Verdict.DUPLICATE:
            self._index.add(row.number, row.fingerprint)
            self._originals[row.number] = row
        if row.verdict == Verdict.SCORED and row.graph_json is not None:
            self.window.add(Member(row.number, row.graph_json, row.scores))
            self._note_scores(row)

    def equal_to(self, fingerprint: Fingerprint) -> CandidateRecord | None:
        """The first committed candidate that computes the same, itself no duplicate."""
        number = self._index.find(fingerprint)
        return None if number is None else self._originals[number]

    @property
    def hypervolume(self) -> float:
        """Of all scored candidates, above accuracy 0."""
        return hypervolume(self._front)

    def _note_scores(self, row: CandidateRecord) -> None:
        for anchor, score in row.scores.items():
            self.best[anchor] = max(score, self.best.get(anchor, 0.0))
        mean = sum(row.scores.values()) / len(row.scores)
        if mean > self.best_mean:
            self.best_mean, self.best_text = mean, row.text
        candidates = [*self._front, row.scores]
        self._front = [candidates[i] for i in pareto_front(candidates)]
