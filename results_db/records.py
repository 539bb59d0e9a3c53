"""The frozen records that go into the database and come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCORED = "scored"
"""The verdict of those that are ranked."""

REJECTED = frozenset(("unstable", "low_quality", "diverged"))
"""The verdicts that end a ranking: a layer that a further seed ends so is no longer ranked."""

NOT_STARTED = "not started"
"""The state of a run until its first driver sets another: a fork is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One search as it is stored.

    `state` is NOT_STARTED, then what the driver set ("running", ...); a run stored as running
    while no driver holds it reads as "interrupted". `budget` counts candidates; None: no limit.
    Times are seconds since 1970. A fork shares the candidates up to number `forked_at` with the
    run it was forked from. `hardware`: the classes of machines that evaluated for it, as they came.
    """

    name: str
    seed: int
    config: dict[str, Any]
    state: str
    budget: int | None
    created_at: float
    updated_at: float
    forked_from: str | None = None
    forked_at: int | None = None
    hardware: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """One row of a run's history.

    `number` counts from 0 without gaps; `parent`, `donor` (the parent of whom a piece was grafted)
    and `duplicate_of` are numbers of the same run. `origin` says where a layer that was neither
    drawn nor bred came from, "" for the others. A row with `repeat_of` is no new layer: it is the
    candidate of that number evaluated once more, with the seed `seed_index`. `slot`: the place in
    the order of opening, where that is not the order of committing.
    `scores` holds one validation accuracy per anchor, `costs` what the run's other objectives ask
    for (less is better), `refused` how many attempts fell at each check, `seconds` the cost of the
    evaluation. `committed_at` is set by the database unless it is given: seconds since 1970.
    `seeds` is set by the database: how many evaluations of the candidate gave scores, 0 if one of
    them was rejected.
    """

    number: int
    verdict: str
    parent: int | None = None
    donor: int | None = None
    origin: str = ""
    repeat_of: int | None = None
    seed_index: int = 0
    slot: int | None = None
    graph_json: str | None = None
    digest: str | None = None
    text: str = ""
    reason: str = ""
    duplicate_of: int | None = None
    scores: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    attempts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    fingerprint: tuple[float, ...] = ()
    seconds: float = 0.0
    worker: str = ""
    cached: bool = False
    class_sha256: str = ""
    committed_at: float | None = None
    seeds: int | None = None

    @property
    def opened(self) -> int:
        """The slot that it was: its place in the order of opening."""
        return self.number if self.slot is None else self.slot

    @property
    def mean_score(self) -> float | None:
        """The mean over the anchors; None unless the candidate is scored."""
        if self.verdict != SCORED or not self.scores:
            return None
        return sum(self.scores[anchor] for anchor in sorted(self.scores)) / len(self.scores)

    def history_row(self) -> tuple[object, ...]:
        """What equal histories agree on: parents, graph, verdict, reason, scores; not seconds."""
        return (
            self.number,
            self.parent,
            self.donor,
            self.origin,
            self.repeat_of,
            self.seed_index,
            self.slot,
            self.graph_json,
            self.digest,
            self.verdict,
            self.reason,
            self.duplicate_of,
            tuple(sorted(self.scores.items())),
            tuple(sorted(self.costs.items())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """A finished evaluation under its key, the hash of everything that could change the result.

    `further`: verdicts of the rejections after the first, if the evaluation went on after it.
    """

    key: str
    digest: str
    verdict: str
    reason: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    class_sha256: str = ""
    worker: str = ""
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRecord:
    """A known layer that a run measures beside its own; the scores stand under `evaluation_key`."""

    name: str
    text: str
    digest: str
    evaluation_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorResult:
    """How one layer did on one anchor of a rerank.

    `rate`: the factor on the learning rate that did best, `validation`: mean validation accuracy at
    it, over the seeds of the choice; `test`: test accuracies, one for each seed, in their order.
    `failure`: why there are none, "" if there are; `failed_rates`: why a rate was out of the
    choice, by factor.
    """

    rate: float | None = None
    validation: float | None = None
    test: tuple[float, ...] = ()
    failure: str = ""
    failed_rates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankedLayer:
    """A layer of a rerank. `kind`: "found", "given" or "baseline"; `number`: of the candidate.

    `results`: by anchor.
    """

    name: str
    kind: str
    digest: str
    text: str
    number: int | None = None
    results: dict[str, AnchorResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankRecord:
    """A finished rerank of a run under its key, a hash of its settings and layers.

    `settings` says all that the results depend on. `stored_at` is set by the database: seconds
    since 1970.
    """

    run: str
    key: str
    settings: dict[str, Any]
    layers: tuple[RerankedLayer, ...]
    stored_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRecord:
    """A layer that fell at the check `failed`, on the way to candidate `number` or as the candidate
    itself; what it came to stands under `evaluation_key`.

    `failure`: how the machine failed, "" if it did not.
    """

    digest: str
    number: int
    failed: str
    graph_json: str
    text: str
    evaluation_key: str
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Where candidates and attempts ended: counts by verdict, and by refusing check.

    `unscored` counts by verdict those that have no score on any anchor. Re-evaluations are no
    candidates, and counted by verdict as `repeated`.
    `attempts` is the sum over candidates, `cached` how many were answered by a stored evaluation.
    """

    candidates: int
    verdicts: dict[str, int]
    unscored: dict[str, int]
    attempts: int
    refused: dict[str, int]
    cached: int
    repeated: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """The funnel of the candidates from `first` to the next step; `began_at`: its commit."""

    first: int
    began_at: float
    funnel: Funnel


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedLayer:
    """A place on the leaderboard; `pareto`: no scored candidate of the run dominates it."""

    rank: int
    candidate: CandidateRecord
    mean: float
    pareto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLayer:
    """A layer found by its digest, and the run that committed it."""

    run: str
    candidate: CandidateRecord
