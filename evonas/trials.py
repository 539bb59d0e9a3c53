"""The trainings of a rerank, made in a pool; those that are stored cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evonas.measuring import Outcome, Wanted, measure
from evonas.scoring import Subject
from evonas.variants import with_rate
from results_db.store import ResultsDB
from workers.own_primitives import with_primitives
from workers.pools.base import Pool, Task
from workers.retraining import retrain, retraining_key
from workers.settings import EvaluationConfig


@dataclass(frozen=True, slots=True)
class Cell:
    """A layer on an anchor at a factor of its learning rate."""

    subject: Subject
    anchor: str
    rate: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a cell; config: of this training alone, key: of its result."""

    cell: Cell
    seed: int
    tested: bool
    config: EvaluationConfig
    key: str

    @property
    def task(self) -> Task:
        """For a worker."""
        subject = self.cell.subject
        arguments = (subject.given, subject.is_own, self.config, self.seed, self.tested)
        return Task(self.key, retrain, arguments)


#: Called with a trial, its outcome, how many are done and how many there are.
Report = Callable[[Trial, Outcome, int, int], None]


class Laboratory:
    """Makes trials; `failures` collects what the machine failed at, in words.

    anchors: the settings of each anchor alone, by name. primitives: the run's own, with pins.
    """

    def __init__(
        self,
        db: ResultsDB,
        pool: Pool,
        anchors: Mapping[str, EvaluationConfig],
        primitives: tuple[str, ...],
        report: Report,
    ) -> None:
        self._db, self._pool, self._report = db, pool, report
        self._anchors, self._primitives = anchors, primitives
        self.failures: list[str] = []

    def outcomes(
        self, cells: Sequence[Cell], seeds: range, *, tested: bool
    ) -> dict[Cell, list[Outcome]]:
        """What came of each cell, by seed; every training is stored as it ends."""
        # Cells change fastest: whatever is stopped has tried all layers alike.
        trials = [self._trial(cell, seed, tested) for seed in seeds for cell in cells]
        by_key = {trial.key: trial for trial in trials}
        found: dict[str, Outcome] = dict(self._db.find_evaluations(list(by_key)))
        for done, (key, outcome) in enumerate(found.items(), 1):
            self._report(by_key[key], outcome, done, len(by_key))
        wanted = [
            Wanted(self._task(trial), key, trial.cell.subject.digest)
            for key, trial in by_key.items()
            if key not in found
        ]
        for item, outcome in measure(wanted, self._pool, self._db):
            trial = by_key[item.key]
            found[item.key] = outcome
            if isinstance(outcome, str):
                name, anchor = trial.cell.subject.name, trial.cell.anchor
                self.failures.append(f"{name} on {anchor}, seed {trial.seed}: {outcome}")
            self._report(trial, outcome, len(found), len(by_key))
        by_cell: dict[Cell, list[Outcome]] = {cell: [] for cell in cells}
        for trial in trials:
            by_cell[trial.cell].append(found[trial.key])
        return by_cell

    def _trial(self, cell: Cell, seed: int, tested: bool) -> Trial:
        config = with_rate(self._anchors[cell.anchor], cell.rate)
        key = retraining_key(cell.subject.digest, config, seed, tested)
        return Trial(cell, seed, tested, config, key)

    def _task(self, trial: Trial) -> Task:
        task = trial.task
        if not self._primitives:
            return task
        return Task(task.id, with_primitives, (self._primitives, task.function, *task.args))
