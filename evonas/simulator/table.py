"""Results of real runs, looked up by digest."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

from evonas.simulator.errors import SimulationError
from evonas.simulator.landscape import Landscape, Truth
from results_db.store import ResultsDB
from workers.verdict import MACHINE_VERDICTS, Verdict

_SKIPPED = frozenset((*MACHINE_VERDICTS, Verdict.DUPLICATE, Verdict.EXHAUSTED))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a candidate of a real run ended with; `truth` holds its scores as they were measured."""

    truth: Truth
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Candidates by digest; anchors in the order of their names."""

    rows: dict[str, Measured]
    anchors: tuple[str, ...]

    def seconds(self) -> dict[Verdict, float]:
        """The mean cost of each verdict that the table has."""
        costs: dict[Verdict, list[float]] = {}
        for row in self.rows.values():
            costs.setdefault(row.truth.verdict, []).append(row.seconds)
        return {verdict: statistics.fmean(values) for verdict, values in costs.items()}


def read_table(db: ResultsDB, run: str) -> ScoreTable:
    """The evaluated candidates of a run. Raises RunNotFound, SimulationError if none is scored."""
    rows = {}
    anchors: tuple[str, ...] = ()
    for row in db.candidates(run):
        verdict = Verdict(row.verdict)
        if verdict in _SKIPPED or row.digest is None:
            continue
        rows[row.digest] = Measured(Truth(verdict, row.scores), row.reason, row.seconds)
        if verdict is Verdict.SCORED:
            anchors = tuple(sorted(row.scores))
    if not anchors:
        raise SimulationError(f"run {run!r} has no scored candidate; give a run that has some")
    return ScoreTable(rows, anchors)


def beside(landscape: Landscape, table: ScoreTable) -> Landscape:
    """The landscape with the table's anchors, for the layers that are not in it."""
    return replace(landscape, anchors=table.anchors)
