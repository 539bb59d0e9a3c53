"""What the reranks of a database say of one layer."""

from __future__ import annotations

from dataclasses import dataclass

from evonas.standings import (
    FOUND,
    Standing,
    anchors_of,
    best,
    comparisons,
    references,
    standings,
)
from results_db.records import RerankRecord
from results_db.store import ResultsDB


@dataclass(frozen=True, slots=True)
class Reranked:
    """A layer in one rerank. place: among those of its kind, by validation, from 1, of `layers`;
    better, worse: than which others significantly, in words.
    """

    run: str
    kind: str
    place: int
    layers: int
    is_best: bool
    seeds: int
    anchors: tuple[str, ...]
    standing: Standing
    better: str
    worse: str

    def __str__(self) -> str:
        """One sentence, after `reranked:`."""
        tests = self.standing.tests
        parts = [f"{anchor} {tests.get(anchor, 'failed')}" for anchor in self.anchors]
        if self.standing.mean is not None:
            parts.append(f"mean {self.standing.mean}")
        text = f"test accuracy over {self.seeds} seeds {', '.join(parts)}"
        if self.is_best:
            text += "; the best of the run in validation"
        elif self.kind == FOUND:
            text += f"; place {self.place} of {self.layers} in validation"
        if self.kind == FOUND:
            text += f"; significantly better than {self.better or 'none'}"
            text += f", worse than {self.worse or 'none'} of the others"
        return text


def reranked(db: ResultsDB, digest: str) -> list[Reranked]:
    """The reranks that hold the layer, oldest first."""
    return [
        _reranked(record, digest)
        for record in db.reranks()
        if any(layer.digest == digest for layer in record.layers)
    ]


def _reranked(record: RerankRecord, digest: str) -> Reranked:
    (own,) = (s for s in standings(record) if s.layer.digest == digest)
    alike = [s for s in standings(record) if s.layer.kind == own.layer.kind]
    compared = [c for c in comparisons(record) if c.layer.digest == digest]
    chosen, anchors = best(record), anchors_of(record)
    return Reranked(
        run=record.run,
        kind=own.layer.kind,
        place=1 + alike.index(own),
        layers=len(alike),
        is_best=chosen == own,
        seeds=int(record.settings["seeds"]),
        anchors=anchors,
        standing=own,
        better=references([c for c in compared if c.is_better], anchors),
        worse=references([c for c in compared if c.is_worse], anchors),
    )
