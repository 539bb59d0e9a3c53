"""Candidates evaluated on further seeds: over how many they are ranked, and their means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from results_db.records import REJECTED, SCORED, CandidateRecord
from results_db.rows import candidate_record
from results_db.tables import CandidateRow

_COLUMNS = tuple(CandidateRow.__table__.c)


def mean_scores(
    candidate: CandidateRecord, repeats: Iterable[CandidateRecord]
) -> tuple[int, dict[str, float]]:
    """How many evaluations of a candidate gave scores, and their mean on each anchor.

    (0, {}) for one that is not scored, or that a protocol rejected on a further seed. A failure of
    the machine says nothing of a layer and does not count.
    """
    rows = [candidate, *repeats]
    if candidate.verdict != SCORED or any(row.verdict in REJECTED for row in rows):
        return 0, {}
    scores = [row.scores for row in rows if row.verdict == SCORED]
    return len(scores), {
        anchor: sum(one[anchor] for one in scores) / len(scores) for anchor in candidate.scores
    }


def standing(
    candidate: CandidateRecord, repeats: Iterable[CandidateRecord]
) -> tuple[int, float | None]:
    """How many evaluations a candidate is ranked by, and the mean over them and the anchors."""
    seeds, means = mean_scores(candidate, repeats)
    if not means:
        return 0, None
    return seeds, sum(means[anchor] for anchor in sorted(means)) / len(means)


def rank_anew(connection: Connection, run_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Derives the rank of the candidates that these rows, stored already, evaluate again."""
    for number in sorted({row["repeat_of"] for row in rows if row["repeat_of"] is not None}):
        mine = (CandidateRow.run_id == run_id, CandidateRow.number == number)
        again = (CandidateRow.run_id == run_id, CandidateRow.repeat_of == number)
        read = select(*_COLUMNS)
        candidate = candidate_record(connection.execute(read.where(*mine)).one())
        repeats = connection.execute(read.where(*again).order_by(CandidateRow.number))
        seeds, mean = standing(candidate, map(candidate_record, repeats))
        values = {"seeds": seeds, "mean_score": mean}
        connection.execute(update(CandidateRow).where(*mine).values(values))
