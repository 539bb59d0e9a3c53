"""The layers of a rerank: the best of a run, those that the user names, the baselines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evonas.config import RunConfig
from evonas.layers import short
from evonas.scoring import Subject, subject_of, subjects
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.layer import plain_layer_class
from search_spaces.zoo import zoo_graph
from workers.fingerprint import FingerprintIndex, fingerprint

_CHUNK = 50  # candidates read at a time


@dataclass(frozen=True, slots=True)
class Contender:
    """A layer of a rerank. number: of the candidate, None if the run did not find it."""

    subject: Subject
    kind: Literal["found", "given", "baseline"]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Contenders:
    """Each layer once, and in words which candidates are left out because they equal another."""

    layers: tuple[Contender, ...]
    left_out: tuple[str, ...]


def contenders(
    db: ResultsDB, run: str, count: int, given: Sequence[str], config: RunConfig
) -> Contenders:
    """The `count` best candidates by search score, the layers named, the baselines.

    A candidate that computes what a baseline or a better candidate computes is left out, and so is
    a named layer that is there already. Raises LayerError, TextError, DottedNameError,
    UnfitLayerError.
    """
    baselines = [subject_of(zoo_graph(name), name, is_baseline=True) for name in config.baselines]
    layers, left_out = _found(db, run, count, baselines)
    layers += [Contender(subject, "baseline") for subject in baselines]
    named = subjects(given, config, db, baselines=False)
    layers += [Contender(subject, "given") for subject in named]
    once: dict[str, Contender] = {}
    for layer in layers:
        once.setdefault(layer.subject.digest, layer)
    return Contenders(tuple(_told_apart(once.values())), tuple(left_out))


def _told_apart(layers: Iterable[Contender]) -> Iterator[Contender]:
    """The layers, with the whole dotted name of a class that is called as another layer is; tables
    and pictures go by name.
    """
    layers = list(layers)
    names = Counter(layer.subject.name for layer in layers)
    for layer in layers:
        subject = layer.subject
        if subject.is_own and names[subject.name] > 1:
            yield replace(layer, subject=replace(subject, name=subject.given))
        else:
            yield layer


def _found(
    db: ResultsDB, run: str, count: int, baselines: Sequence[Subject]
) -> tuple[list[Contender], list[str]]:
    """The best candidates, and in words those passed over."""
    known = FingerprintIndex()
    names = {-1 - place: subject.name for place, subject in enumerate(baselines)}
    for place, subject in enumerate(baselines):
        graph, digest = canonical_and_digest(Graph.from_json(subject.given))
        known.add(-1 - place, fingerprint(plain_layer_class(graph, digest)))
    layers: list[Contender] = []
    passed_over: list[str] = []
    for candidate in _best(db, run):
        if len(layers) == count:
            break
        values, number = db.fingerprint(run, candidate.number), candidate.number
        equal = known.find(values)
        if equal is not None:
            other = names.get(equal, f"candidate {equal}")
            passed_over.append(f"candidate {number} computes what {other} computes")
            continue
        known.add(number, values)
        assert candidate.graph_json is not None
        graph = Graph.from_json(candidate.graph_json)
        layers.append(Contender(subject_of(graph, short(candidate.digest)), "found", number))
    return layers, passed_over


def _best(db: ResultsDB, run: str) -> Iterator[CandidateRecord]:
    """The scored candidates of a run, best mean first."""
    read = 0
    while True:
        ranked = db.top(run, read + _CHUNK)
        yield from (layer.candidate for layer in ranked[read:])
        if len(ranked) < read + _CHUNK:
            return
        read = len(ranked)
