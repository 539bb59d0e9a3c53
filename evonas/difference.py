"""What changed from one layer to another: values, properties, and scores where a run has both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from evonas.layers import Layer, one_line
from evonas.leaderboard import anchors_of, measured
from results_db.store import ResultsDB
from search_spaces.edit_distance import Edits
from search_spaces.graph import Graph
from search_spaces.primitives import COMMUTATIVE
from search_spaces.text_printer import format_graph
from workers.verdict import Verdict

Kind = Literal["replaced", "rewired", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is not as before: its text form before and after, None where it is not there.

    replaced: another operation; rewired: the same with other inputs.
    """

    kind: Kind
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.after}"
        return f"- {self.before}" if self.after is None else f"{self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of a layer in a run, as a candidate or a baseline."""

    run: str
    name: str
    scores: dict[str, float]

    def on(self, anchors: tuple[str, ...]) -> Scored:
        """The same with the scores in the order of the anchors."""
        scores = {anchor: self.scores[anchor] for anchor in anchors if anchor in self.scores}
        return Scored(self.run, self.name, scores)


def changes(edits: Edits) -> tuple[Change, ...]:
    """The values that were replaced, rewired or added, inputs first, then those that were removed.

    A value whose inputs changed only further up is not listed.
    """
    return tuple(_changes(edits))


def _changes(edits: Edits) -> Iterator[Change]:
    one, other, pairs = edits.one, edits.other, edits.pairs
    before_of = {j: i for i, j in pairs.items()}
    for j in other.active():
        i, after = before_of.get(j), _text(other, j)
        if i is None:
            yield Change("added", None, after)
        elif _label(one, i) != _label(other, j):
            yield Change("replaced", _text(one, i), after)
        elif _inputs(one, i, pairs) != _inputs(other, j):
            yield Change("rewired", _text(one, i), after)
    for i in one.active():
        if i not in pairs:
            yield Change("removed", _text(one, i), None)


def _label(graph: Graph, position: int) -> str:
    node = graph.node(position)
    return node.op if node else graph.initial[position]


def _inputs(
    graph: Graph, position: int, pairs: dict[int, int] | None = None
) -> tuple[int | None, ...]:
    """The inputs of a value, or what stands for them; sorted if their order does not matter."""
    node = graph.node(position)
    if node is None:
        return ()
    inputs = tuple(i if pairs is None else pairs.get(i) for i in node.inputs)
    if node.op in COMMUTATIVE:
        return tuple(sorted(inputs, key=lambda i: -1 if i is None else i))
    return inputs


def _text(graph: Graph, position: int) -> str:
    base = len(graph.initial)
    if position < base:
        return graph.initial[position]
    return one_line(format_graph(Graph(graph.initial, graph.nodes[: position - base + 1])))


def scored_in(layer: Layer, db: ResultsDB) -> dict[str, Scored]:
    """By run, the scores of a layer that passed the protocols there, or was a baseline."""
    found = {
        run: Scored(run, entry.name, dict(entry.scores))
        for run, entry in reversed(measured(db, layer.digest))
        if entry.scores
    }
    for place in reversed(layer.found):  # the oldest of equal candidates is told
        candidate = place.candidate
        if candidate.verdict == Verdict.SCORED:
            name = f"candidate {candidate.number}"
            found[place.run] = Scored(place.run, name, dict(candidate.scores))
    return found


def compared(one: Layer, other: Layer, db: ResultsDB) -> tuple[Scored, Scored] | None:
    """The scores of both in the newest run that has both; two runs may score differently."""
    left, right = scored_in(one, db), scored_in(other, db)
    for run in reversed(db.runs()):
        if run.name in left and run.name in right:
            anchors = anchors_of(run)
            return left[run.name].on(anchors), right[run.name].on(anchors)
    return None
