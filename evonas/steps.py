"""The way from a random graph to a candidate of a run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from evonas.difference import Change, changes
from evonas.layers import Layer, LayerError
from results_db.records import CandidateRecord, FoundLayer
from results_db.store import ResultsDB
from search_spaces.edit_distance import edits
from search_spaces.graph import Graph
from workers.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """A candidate on the way: what changed from its parent, and of whom a piece was grafted.

    changes: None for the random graph that it began with, and where no graph is stored.
    """

    candidate: CandidateRecord
    changes: tuple[Change, ...] | None
    donor: CandidateRecord | None


def steps(db: ResultsDB, run: str, number: int) -> tuple[Step, ...]:
    """The candidate and its parents, the oldest first. Raises RunNotFound, CandidateNotFound."""
    family = db.lineage(run, number)
    way: list[CandidateRecord] = []
    at: int | None = number
    while at is not None:
        way.append(family.nodes[at]["candidate"])
        at = way[-1].parent
    way.reverse()
    changed = [None, *(_changed(parent, child) for parent, child in pairwise(way))]
    return tuple(
        Step(
            candidate,
            change,
            None if candidate.donor is None else family.nodes[candidate.donor]["candidate"],
        )
        for candidate, change in zip(way, changed, strict=True)
    )


def found_in(layer: Layer, run: str | None = None) -> FoundLayer:
    """Where a run found a layer: the run given, else the newest; scored if it was, else the first.

    Raises LayerError if none did.
    """
    places = [found for found in layer.found if run in (None, found.run)]
    if not places:
        which = "no run" if run is None else f"run {run!r} has not"
        known = ", ".join(dict.fromkeys(found.run for found in layer.found))
        where = f"; these have: {known}" if known else "; `evonas top` lists what runs found"
        found_it = "has found" if run is None else "found"
        raise LayerError(f"{which} {found_it} {layer.name}{where}")
    newest = places[-1].run
    return min(
        (found for found in places if found.run == newest),
        key=lambda found: (found.candidate.verdict != Verdict.SCORED, found.candidate.number),
    )


def _changed(parent: CandidateRecord, child: CandidateRecord) -> tuple[Change, ...] | None:
    if parent.graph_json is None or child.graph_json is None:
        return None
    return changes(edits(Graph.from_json(parent.graph_json), Graph.from_json(child.graph_json)))
