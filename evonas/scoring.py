"""Proxy training of any layer beside the baselines, over several seeds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evonas.config import RunConfig
from evonas.hardware import Hardware
from evonas.intervals import Interval, interval
from evonas.layers import LayerError, one_line, resolve, short
from evonas.measuring import Outcome, Wanted, measure
from evonas.plain_table import plain_table
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from search_spaces.canonical import canonical, digest
from search_spaces.dotted import is_dotted
from search_spaces.graph import Graph
from search_spaces.text_printer import format_graph
from search_spaces.zoo import zoo_graph
from workers.evaluation import Evaluation, evaluate, unfit
from workers.own_layers import evaluate_own, own_digest, own_layer
from workers.pools.base import Pool, Task
from workers.settings import EvaluationConfig
from workers.unfit import UnfitLayerError
from workers.verdict import Verdict, verdict_word

_DOTTED_CLASS = re.compile(r"([A-Za-z_][\w.]*)\.([A-Z]\w*)")
_WAIT = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer to score: a graph, or a class of the user's own by dotted name.

    given: what a worker needs, the graph's JSON or the dotted name.
    """

    name: str
    text: str
    digest: str
    given: str
    is_own: bool = False
    is_baseline: bool = False

    def task(self, config: EvaluationConfig, seed: int) -> Task:
        """The evaluation with one seed, which goes on after a rejection."""
        function = evaluate_own if self.is_own else evaluate
        return Task(f"{self.digest}:{seed}", function, (self.given, config, seed, False))


@dataclass(slots=True)
class LayerScores:
    """What came of one layer: one record a seed, as far as it could be evaluated.

    failures: what kept a seed from a result, in words. searched: whether a search scored the layer
    on seed 0 under the same settings, so that its luck there may be why it is looked at.
    """

    subject: Subject
    records: dict[int, EvaluationRecord] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    stored: int = 0  # seeds whose result was in the database already
    searched: bool = False

    def values(self, anchor: str) -> list[float]:
        """The scores on an anchor, in the order of seeds; a diverged training has none."""
        in_order = (self.records[seed] for seed in sorted(self.records))
        return [record.scores[anchor] for record in in_order if anchor in record.scores]

    def score(self, anchor: str) -> Interval | None:
        """Mean and interval over the seeds."""
        return interval(self.values(anchor))

    def means(self, anchors: Sequence[str]) -> list[float]:
        """The mean over the anchors of each seed that has a score on all, in the order of seeds."""
        in_order = (self.records[seed].scores for seed in sorted(self.records))
        whole = (scores for scores in in_order if all(a in scores for a in anchors))
        return [sum(scores[a] for a in anchors) / len(anchors) for scores in whole]

    def mean(self, anchors: Sequence[str]) -> Interval | None:
        """Mean over the anchors, with the interval over the seeds that have a score on each."""
        return interval(self.means(anchors))

    @property
    def verdicts(self) -> Counter[str]:
        """How often each verdict was reached."""
        return Counter(record.verdict for record in self.records.values())

    @property
    def reason(self) -> str:
        """Of the first rejection or failure, "" if there was none."""
        reasons = [r.reason for _, r in sorted(self.records.items()) if r.reason]
        return next(iter([*reasons, *self.failures]), "")

    def __str__(self) -> str:
        """A table of one line, as of `ScoreList`."""
        return str(ScoreList([self]))


class ScoreList(list[LayerScores]):
    """What came of several layers.

    Prints as a table in their order: on each anchor and over all the mean over the seeds and half
    of its 95 % interval, with the number of seeds if some have no score.
    """

    def __str__(self) -> str:
        anchors = list(
            dict.fromkeys(name for each in self for r in each.records.values() for name in r.scores)
        )
        rows = [
            (
                each.subject.name + (" (baseline)" if each.subject.is_baseline else ""),
                *(_cell(each, each.values(anchor)) for anchor in anchors),
                _cell(each, each.means(anchors) if anchors else []),
                ", ".join(
                    f"{count} {verdict_word(verdict)}"
                    for verdict, count in sorted(each.verdicts.items())
                )
                or each.reason,
                each.subject.text,
            )
            for each in self
        ]
        return plain_table(("layer", *anchors, "mean", "verdicts", "formula"), rows)


def _cell(scores: LayerScores, values: list[float]) -> str:
    mean, seeds = interval(values), len(scores.records) + len(scores.failures)
    some = "" if len(values) == seeds else f" ({len(values)} of {seeds})"
    return "-" if mean is None else f"{mean}{some}"


Report = Callable[[Subject, int, Outcome, int, int], None]


def subjects(
    given: Iterable[str], config: RunConfig, db: ResultsDB | None, *, baselines: bool = True
) -> list[Subject]:
    """The layers that a user named, then the baselines of the configuration, each layer once.

    Raises LayerError, TextError, DottedNameError, UnfitLayerError.
    """
    named = [_own(name) if is_dotted(name) else _graph(name, config, db) for name in given]
    if baselines:
        named += [subject_of(zoo_graph(name), name, is_baseline=True) for name in config.baselines]
    return list({subject.digest: subject for subject in reversed(named)}.values())[::-1]


def subject_of(graph: Graph, name: str, *, is_baseline: bool = False) -> Subject:
    """The layer of a graph under a name."""
    text = one_line(format_graph(canonical(graph)))
    return Subject(name, text, digest(graph), graph.to_json(), is_baseline=is_baseline)


def score_layers(
    layers: Sequence[Subject],
    config: EvaluationConfig,
    seeds: int,
    pool: Pool,
    db: ResultsDB,
    report: Report,
) -> ScoreList:
    """Evaluate every layer with seeds 0 .. seeds - 1, in the pool; what is stored costs nothing.

    Each result is stored as it comes. A failure of the machine is noted and not stored. `report`
    is called with the layer, the seed, its record or its failure, how many are done and how many
    there are.
    """
    found = {layer.digest: LayerScores(layer) for layer in layers}
    pairs = [(layer, seed) for seed in range(seeds) for layer in layers]
    wanted: dict[str, tuple[Subject, int, Wanted]] = {}  # by key
    total, done = len(pairs), 0
    hardware = Hardware(config)
    stored = _stored(db, hardware, pairs)
    while None in stored and not hardware.is_told:
        hardware.ask(pool, _WAIT)
        stored = _stored(db, hardware, pairs)
    of_search = hardware.find(db, [(layer.digest, 0, True) for layer in layers])
    for layer, record in zip(layers, of_search, strict=True):
        found[layer.digest].searched = record is not None and record.verdict == Verdict.SCORED
    for (layer, seed), record in zip(pairs, stored, strict=True):
        if record is None:
            key = hardware.first_key(layer.digest, seed, False)
            wanted[key] = (layer, seed, Wanted(layer.task(config, seed), key, layer.digest))
            continue
        done += 1
        scores = found[layer.digest]
        scores.records[seed] = record
        scores.stored += 1
        report(layer, seed, record, done, total)

    def key_of(item: Wanted, evaluation: Evaluation) -> str:
        layer, seed, _ = wanted[item.key]
        return hardware.key(evaluation, layer.digest, seed, False)

    for item, outcome in measure([item for *_, item in wanted.values()], pool, db, key_of):
        layer, seed, _ = wanted[item.key]
        done += 1
        if isinstance(outcome, str):
            found[layer.digest].failures.append(outcome)
        else:
            found[layer.digest].records[seed] = outcome
        report(layer, seed, outcome, done, total)
    return ScoreList(found.values())


def _stored(
    db: ResultsDB, hardware: Hardware, pairs: Sequence[tuple[Subject, int]]
) -> list[EvaluationRecord | None]:
    """What is stored of each layer and seed; a result of a search will do if nothing stopped it."""
    whole, stopped = (
        hardware.find(db, [(layer.digest, seed, stops) for layer, seed in pairs])
        for stops in (False, True)
    )
    return [
        a or (b if b is not None and b.verdict == Verdict.SCORED else None)
        for a, b in zip(whole, stopped, strict=True)
    ]


def _graph(given: str, config: RunConfig, db: ResultsDB | None) -> Subject:
    try:
        layer = resolve(given, db)
    except LayerError as error:
        meant = _DOTTED_CLASS.fullmatch(given)
        own = f" (did you mean '{meant[1]}:{meant[2]}'?)" if meant else ""
        raise LayerError(f"{error}, or a class of your own as module:Class{own}") from None
    if (missed := unfit(layer.graph, config.evaluation)) is not None:
        raise UnfitLayerError(
            f"{layer.name} is not {missed}, which an anchor needs; leave that anchor out, or use "
            "another preset"
        )
    return subject_of(layer.graph, layer.zoo or short(layer.digest))


def _own(name: str) -> Subject:
    own_layer(name)  # raises for what is no layer, before any worker starts
    return Subject(name.rpartition(":")[2], name, own_digest(name), name, is_own=True)
