"""The best layers of a run beside the baselines that it measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evonas.front import front_of
from evonas.layers import one_line, short
from evonas.objectives import SCORES, costs_of
from evonas.plain_table import plain_table
from results_db.records import CandidateRecord, RunRecord
from results_db.store import ResultsDB
from search_spaces.text import parse
from workers.fingerprint import difference
from workers.verdict import Verdict, verdict_word

# Of the size of the outputs: above what an epsilon under a root makes, below what a layer makes.
NEARLY_EQUAL = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A baseline (by name) or a candidate (by number); `mean` is None if an anchor has no score.

    pareto: no other one is called better, as in evonas/front.py.
    """

    name: str
    number: int | None
    digest: str
    text: str
    verdict: str
    reason: str
    scores: dict[str, float]
    mean: float | None
    costs: dict[str, float] = field(default_factory=dict)
    seeds: int = 1  # evaluations that scores and mean are taken over
    pareto: bool = False
    like: str | None = None  # the name of a better one that computes nearly the same
    class_sha256: str = ""  # of the class that was trained, "" if not known

    @property
    def is_baseline(self) -> bool:
        """Whether the run measured it only for comparison."""
        return self.number is None

    @property
    def rejected(self) -> bool:
        """Whether a protocol rejected it; a baseline is scored nevertheless."""
        return self.verdict != Verdict.SCORED


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Anchors and baselines in the order of the run, layers found with the best mean first."""

    run: str
    anchors: tuple[str, ...]
    baselines: tuple[Entry, ...]
    found: tuple[Entry, ...]
    costs: tuple[str, ...] = ()  # objectives beside the scores

    @property
    def best(self) -> Entry | None:
        """The layer found with the best mean, None if none was scored."""
        return self.found[0] if self.found else None

    def __str__(self) -> str:
        """A table: the layers found, the best first, then the baselines."""
        columns = (*self.anchors, *self.costs)
        rows = [
            (
                f"{entry.name} (baseline)" if entry.is_baseline else entry.name,
                *(_number(entry.scores.get(anchor), 3) for anchor in self.anchors),
                *(_number(entry.costs.get(cost), 0) for cost in self.costs),
                _number(entry.mean, 3),
                verdict_word(entry.verdict),
                one_line(entry.text),
            )
            for entry in (*self.found, *self.baselines)
        ]
        head = ("layer", *columns, "mean", "verdict", "formula")
        return f"run {self.run}\n{plain_table(head, rows)}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def leaderboard(db: ResultsDB, run: str, count: int = 10) -> Leaderboard:
    """The `count` best layers of a run. Raises RunNotFound."""
    record, top = db.run(run), db.top(run, count)
    likes = _likes([ranked.candidate for ranked in top])
    compared = {layer.candidate.number: layer for layer in front_of(db, run).layers}
    found = tuple(
        Entry(
            name=short(ranked.candidate.digest),
            number=ranked.candidate.number,
            digest=ranked.candidate.digest or "",
            text=ranked.candidate.text,
            verdict=ranked.candidate.verdict,
            reason=ranked.candidate.reason,
            scores=layer.scores if layer else ranked.candidate.scores,
            mean=ranked.mean,
            costs=ranked.candidate.costs,
            seeds=layer.seeds if layer else 1,
            pareto=layer is not None and layer.on_front,
            like=like,
        )
        for ranked, like in zip(top, likes, strict=True)
        for layer in [compared.get(ranked.candidate.number)]
    )
    return Leaderboard(run, anchors_of(record), baselines(db, run), found, costs_asked(record))


def _likes(ranked: Sequence[CandidateRecord]) -> list[str | None]:
    """For each the name of the first before it whose outputs differ by less than NEARLY_EQUAL."""
    likes: list[str | None] = []
    for i, candidate in enumerate(ranked):
        before = (
            other
            for other in ranked[:i]
            if candidate.fingerprint
            and difference(candidate.fingerprint, other.fingerprint) < NEARLY_EQUAL
        )
        first = next(before, None)
        likes.append(None if first is None else short(first.digest))
    return likes


def baselines(db: ResultsDB, run: str) -> tuple[Entry, ...]:
    """The baselines that a run has measured so far."""
    record = db.run(run)
    anchors, costs = anchors_of(record), costs_asked(record)
    entries = []
    for baseline in db.baselines(run):
        evaluation = db.find_evaluation(baseline.evaluation_key)
        if evaluation is None:
            continue
        entries.append(
            Entry(
                name=baseline.name,
                number=None,
                digest=baseline.digest,
                text=baseline.text,
                verdict=evaluation.verdict,
                reason=evaluation.reason,
                scores=evaluation.scores,
                mean=_mean(evaluation.scores, anchors),
                costs=costs_of(parse(baseline.text), costs),
                class_sha256=evaluation.class_sha256,
            )
        )
    return tuple(entries)


def measured(db: ResultsDB, digest: str) -> tuple[tuple[str, Entry], ...]:
    """The runs that measured a layer as a baseline, and how it did there."""
    return tuple(
        (run.name, entry)
        for run in db.runs()
        if any(baseline.digest == digest for baseline in db.baselines(run.name))
        for entry in baselines(db, run.name)
        if entry.digest == digest
    )


def anchors_of(run: RunRecord) -> tuple[str, ...]:
    """The names of a run's anchors, in the order in which it trains them."""
    return tuple(str(anchor["name"]) for anchor in run.config["evaluation"]["anchors"])


def costs_asked(run: RunRecord) -> tuple[str, ...]:
    """The objectives of a run beside its scores, less of each is better."""
    names = run.config.get("evolution", {}).get("objectives", ())
    return tuple(name for name in names if name != SCORES)


def ancestors(db: ResultsDB, run: str, candidate: CandidateRecord) -> tuple[CandidateRecord, ...]:
    """The parent of a candidate, its parent, and so on to a fresh random graph."""
    chain = []
    while candidate.parent is not None:
        (candidate,) = db.candidates(run, first=candidate.parent, last=candidate.parent)
        chain.append(candidate)
    return tuple(chain)


def _mean(scores: dict[str, float], anchors: Iterable[str]) -> float | None:
    values = [scores[anchor] for anchor in anchors if anchor in scores]
    return sum(values) / len(values) if values and set(anchors) <= scores.keys() else None
