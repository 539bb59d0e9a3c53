"""Whether what a run found is above its baselines, as plainly as the search scores allow."""

from __future__ import annotations

from dataclasses import dataclass

from evonas.front import front_of
from evonas.leaderboard import Leaderboard
from results_db.front import Scores
from results_db.records import SCORED
from results_db.store import ResultsDB


@dataclass(frozen=True, slots=True)
class Beaten:
    """A baseline that passed the protocols, against all layers that the run found.

    by_mean: the best mean is above its mean; everywhere: one layer is above it on every anchor.
    """

    baseline: str
    by_mean: bool
    everywhere: bool


def beaten_baselines(db: ResultsDB, board: Leaderboard) -> tuple[Beaten, ...]:
    """One for each scored baseline of the run, in its order."""
    ranked = _ranked(db, board.run)
    return tuple(
        Beaten(
            entry.name,
            board.best is not None and (board.best.mean or 0.0) > (entry.mean or 0.0),
            any(all(s.get(a, 0.0) > entry.scores[a] for a in board.anchors) for s in ranked),
        )
        for entry in board.baselines
        if entry.mean is not None and not entry.rejected
    )


def _ranked(db: ResultsDB, run: str) -> list[Scores]:
    """The scores that layers are ranked by, of all that may be above a baseline on every anchor."""
    front = front_of(db, run)
    scores: list[Scores] = [layer.scores for layer in front.layers]
    if front.noise is None:
        # A layer above a baseline on every anchor is in the front, or one is that is better still.
        return scores
    # The stored front is of first seeds; here means over seeds count, and some layers fell since.
    once = (row for row in db.candidates(run, verdict=SCORED) if row.seeds == 1)
    return scores + [row.scores for row in once if row.repeat_of is None]


def beaten_sentences(found: tuple[Beaten, ...]) -> list[str]:
    """What to say of them: who is beaten everywhere, by the mean alone, not at all."""
    everywhere = [s.baseline for s in found if s.everywhere]
    by_mean = [s.baseline for s in found if s.by_mean and not s.everywhere]
    above = [s.baseline for s in found if not s.by_mean]
    lines = []
    if everywhere:
        lines.append(f"A layer found scores above {_and(everywhere)} on every anchor.")
    if by_mean:
        lines.append(f"By the mean alone, one scores above {_and(by_mean)}.")
    if above:
        lines.append(f"No layer found scores above {_or(above)}.")
    return lines


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
