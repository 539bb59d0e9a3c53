"""The committed history of a run, as much of it as the loop needs: counts, the population, the
best, and what is equal to what. It grows with the window and the lag; with the history by 24 bytes
a candidate.
"""

from __future__ import annotations

from collections import Counter

from evonas.arrivals import committed_ahead
from evonas.config_sections import EvolutionConfig
from evonas.islands import Islands
from evonas.originals import HEAD, Originals
from evonas.population import Window
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from workers.fingerprint import Fingerprint
from workers.verdict import Verdict


class History:
    """Read from what a run has committed, then extended by each commit; the same rows give the
    same history.
    """

    def __init__(self, db: ResultsDB, run: str, config: EvolutionConfig) -> None:
        self._db, self._run = db, run
        self.committed = db.count(run)
        funnel = db.funnel(run)
        self.verdicts: Counter[str] = Counter(funnel.verdicts)
        self.repeated = sum(funnel.repeated.values())
        self.refused: Counter[str] = Counter(funnel.refused)
        self.attempts = funnel.attempts
        # The next slot to be opened, and those after it that were committed before a kill.
        self._next = self.committed
        self._ahead: dict[int, int | None] = {}
        if config.commit_order == "arrival":
            self._next, self._ahead = committed_ahead(db, run)
        self._islands = self._read_islands(config, self._next - config.lag)
        # How many further seeds slots have asked for, by candidate of the window or later.
        self.asked: Counter[int] = Counter(
            row.repeat_of
            for row in db.repeats(run, least=self._islands.oldest)
            if row.repeat_of is not None and row.opened < self._next
        )
        self.best: dict[str, float] = {}
        self.best_mean = 0.0
        self.best_text = ""
        for row in db.pareto(run):
            self._note_scores(row)
        for ranked in db.top(run, 1):
            self.best_mean, self.best_text = ranked.mean, ranked.candidate.text
        # What a duplicate copies: an equal candidate older than the lag is refused, not copied.
        self._lag = config.lag
        self._oldest = max(0, self._next - config.lag)  # of the latest
        self._latest = {row.number: row for row in db.candidates(run, first=self._oldest)}
        self._originals = Originals(
            lambda number: db.fingerprint(run, number),
            db.fingerprints(run, originals=True, head=HEAD),
            least=config.lag,
        )

    def add(self, row: CandidateRecord) -> None:
        """Take in the next row; it must be committed before `lag` further ones are added."""
        if row.number != self.committed:
            raise ValueError(f"expected candidate {self.committed}, given {row.number}")
        self.committed += 1
        if row.repeat_of is None:
            self.verdicts[row.verdict] += 1
        else:
            self.repeated += 1
        self.refused.update(row.refused)
        self.attempts += row.attempts
        self._latest[row.number] = row
        self._forget()
        if row.fingerprint and row.verdict != Verdict.DUPLICATE:
            self._originals.add(row.number, row.fingerprint)
        if row.verdict == Verdict.SCORED and row.repeat_of is None:
            self._note_scores(row)

    def next_slot(self) -> int:
        """The number of the next slot to be opened; those that are committed are passed over."""
        while self._next in self._ahead:
            repeated = self._ahead.pop(self._next)
            if repeated is not None:
                self.asked[repeated] += 1
            self._next += 1
        self._next += 1
        return self._next - 1

    def window(self, slot: int) -> Window:
        """Who may be drawn for a slot after exactly the rows up to `slot - lag`; each call is for a
        later slot.
        """
        for number in range(self._islands.through + 1, slot - self._lag + 1):
            self._islands.take(self._latest[number])
        self._forget()
        return self._islands.window(slot)

    def equal_to(self, fingerprint: Fingerprint) -> int | None:
        """The number of the first candidate that computes the same, itself no duplicate."""
        return self._originals.find(fingerprint)

    def candidate(self, number: int) -> CandidateRecord:
        """A committed candidate; one of the last `lag` need not be stored yet."""
        database = self._db.database
        return self._latest.get(number) or database.patiently(
            lambda: self._db.candidate(self._run, number)
        )

    def _read_islands(self, config: EvolutionConfig, last: int) -> Islands:
        count, size = config.islands, config.window + config.lag
        rows = [
            row
            for place in range(count)
            for row in self._db.window(self._run, last=last, size=size, slots=(place, count))
        ]
        if rows:
            oldest = min(row.number for row in rows)
            rows += self._db.repeats(self._run, least=oldest, last=last)
        islands = Islands(count, config.window, config.lag)
        for row in sorted(rows, key=lambda row: row.number):
            islands.take(row)
        islands.through = max(last, -1)
        return islands

    def _forget(self) -> None:
        """Keep the last `lag` rows, and those that the islands have not taken in."""
        kept = min(self.committed - self._lag, self._islands.through + 1)
        for number in range(self._oldest, kept):
            del self._latest[number]
        self._oldest = max(self._oldest, kept)

    def _note_scores(self, row: CandidateRecord) -> None:
        for anchor, score in row.scores.items():
            self.best[anchor] = max(score, self.best.get(anchor, 0.0))
        if row.mean_score is not None and row.mean_score > self.best_mean:
            self.best_mean, self.best_text = row.mean_score, row.text
