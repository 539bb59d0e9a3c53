"""The trainings of a rerank, made in a pool; those that are stored cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evonas.hardware import Hardware
from evonas.measuring import Outcome, Wanted, measure
from evonas.scoring import Subject
from evonas.variants import with_rate
from results_db.store import ResultsDB
from workers.evaluation import Evaluation
from workers.own_primitives import with_primitives
from workers.pools.base import Pool, Task
from workers.retraining import retrain, retraining_key
from workers.settings import EvaluationConfig

_WAIT = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Cell:
    """A layer on an anchor at a factor of its learning rate."""

    subject: Subject
    anchor: str
    rate: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a cell; config: of this training alone."""

    cell: Cell
    seed: int
    tested: bool
    config: EvaluationConfig

    def key(self, hardware: str) -> str:
        """Of its result, if a machine of this class makes it."""
        digest = self.cell.subject.digest
        return retraining_key(digest, self.config, self.seed, self.tested, hardware)

    def task(self, name: str, primitives: tuple[str, ...]) -> Task:
        """For a worker, which learns primitives of the user's own first."""
        subject = self.cell.subject
        arguments = (subject.given, subject.is_own, self.config, self.seed, self.tested)
        if primitives:
            return Task(name, with_primitives, (primitives, retrain, *arguments))
        return Task(name, retrain, arguments)


#: Called with a trial, its outcome, how many are done and how many there are.
Report = Callable[[Trial, Outcome, int, int], None]


class Laboratory:
    """Makes trials; `failures` collects what the machine failed at, in words.

    anchors: the settings of each anchor alone, by name. primitives: the run's own, with pins.
    machines: classes that may have made some before.
    """

    def __init__(
        self,
        db: ResultsDB,
        pool: Pool,
        anchors: Mapping[str, EvaluationConfig],
        primitives: tuple[str, ...],
        machines: Sequence[str],
        report: Report,
    ) -> None:
        self._db, self._pool, self._report = db, pool, report
        self._anchors, self._primitives, self._machines = anchors, primitives, machines
        self._hardware = Hardware(next(iter(anchors.values())))
        self.failures: list[str] = []

    def outcomes(
        self, cells: Sequence[Cell], seeds: range, *, tested: bool
    ) -> dict[Cell, list[Outcome]]:
        """What came of each cell, by seed; every training is stored as it ends."""
        # Cells change fastest: whatever is stopped has tried all layers alike.
        trials = [
            Trial(cell, seed, tested, with_rate(self._anchors[cell.anchor], cell.rate))
            for seed in seeds
            for cell in cells
        ]
        found = self._stored(trials)
        while len(found) < len(trials) and not self._hardware.is_told:
            self._hardware.ask(self._pool, _WAIT)
            found = self._stored(trials)
        for done, (trial, outcome) in enumerate(found.items(), 1):
            self._report(trial, outcome, done, len(trials))
        self._make([trial for trial in trials if trial not in found], found, len(trials))
        return {cell: [found[t] for t in trials if t.cell == cell] for cell in cells}

    def _stored(self, trials: Sequence[Trial]) -> dict[Trial, Outcome]:
        """What is stored already, of any class of machines."""
        classes = dict.fromkeys((*self._hardware.classes, *self._machines))
        keys = {trial: [trial.key(hardware) for hardware in classes] for trial in trials}
        stored = self._db.find_evaluations([key for several in keys.values() for key in several])
        return {
            trial: next(stored[key] for key in several if key in stored)
            for trial, several in keys.items()
            if any(key in stored for key in several)
        }

    def _make(self, trials: Sequence[Trial], found: dict[Trial, Outcome], total: int) -> None:
        """Adds the outcomes of trials to those found."""
        expected = self._hardware.classes[0]
        by_key = {trial.key(expected): trial for trial in trials}
        wanted = [
            Wanted(trial.task(key, self._primitives), key, trial.cell.subject.digest)
            for key, trial in by_key.items()
        ]

        def key_of(item: Wanted, evaluation: Evaluation) -> str:
            return by_key[item.key].key(self._hardware.noted(evaluation))

        for item, outcome in measure(wanted, self._pool, self._db, key_of):
            trial = by_key[item.key]
            found[trial] = outcome
            if isinstance(outcome, str):
                name, anchor = trial.cell.subject.name, trial.cell.anchor
                self.failures.append(f"{name} on {anchor}, seed {trial.seed}: {outcome}")
            self._report(trial, outcome, len(found), total)
