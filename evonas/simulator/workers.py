"""What simulated workers answer: real draws, screens on paper, scores from table or landscape."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import shake_256
from typing import Any

import numpy as np

from evonas.simulator.landscape import Terrain, Truth
from evonas.simulator.table import ScoreTable
from search_spaces.canonical import canonical_and_digest
from search_spaces.canonical import digest as digest_of
from search_spaces.graph import Graph
from workers.evaluation import Evaluation, evaluate, hardware_class
from workers.fingerprint import Fingerprint
from workers.pools.base import Task
from workers.proposal import Proposal, ProposalTask, draw, propose
from workers.screening import static_failure
from workers.survey import Survey, survey
from workers.verdict import Verdict

_FINGERPRINT = 48  # numbers


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of simulated work: of a proposal, of an evaluation by its verdict.

    One evaluation in `slow_one_in` takes `slow_times` as long. The defaults are those of the preset
    `quick` on two cores.
    """

    proposal: float = 0.07
    evaluation: dict[Verdict, float] = field(
        default_factory=lambda: {
            Verdict.SCORED: 3.24,
            Verdict.LOW_QUALITY: 0.78,
            Verdict.DIVERGED: 0.59,
            Verdict.UNSTABLE: 0.1,
        }
    )
    slow_one_in: int = 200
    slow_times: float = 6.0


# Every task takes a second, so that those which start together end together: for what does not
# depend on time, as a history.
ALIKE = Durations(1.0, dict.fromkeys(Verdict, 1.0), slow_times=1.0)


class SimulatedWorkers:
    """Answers the tasks of a driver; `spent` adds up the real seconds that this takes."""

    def __init__(
        self,
        terrain: Terrain,
        table: ScoreTable | None = None,
        durations: Durations = Durations(),
    ) -> None:
        self.terrain, self.table = terrain, table
        self.durations = durations
        self.spent = 0.0
        self._rng = np.random.default_rng(terrain.landscape.seed)  # of the slow ones alone
        self._answers: dict[Callable[..., Any], Callable[..., tuple[Any, float]]] = {
            propose: self.propose,
            evaluate: self.evaluate,
            survey: lambda config: (Survey(hardware_class(), {}), 0.0),
        }
        self._simplified: dict[str, tuple[Graph, str]] = {}  # of graphs to be evaluated

    def answer(self, task: Task) -> tuple[Any, float]:
        """What a worker returns, and its seconds."""
        began = time.perf_counter()
        answered = self._answers[task.function](*task.args)
        self.spent += time.perf_counter() - began
        return answered

    def propose(self, task: ProposalTask) -> tuple[Proposal, float]:
        """Attempt after attempt until a graph passes the screens that need no tensors."""
        parent, parent_digest = (
            (None, None) if task.parent_json is None else read_parent(task.parent_json)
        )
        refused: Counter[str] = Counter()
        seconds = self.durations.proposal
        for attempt in range(task.first_attempt, task.max_attempts):
            rng = np.random.default_rng((task.run_seed, task.slot, attempt))
            graph, grafted = draw(parent, task, rng)
            simplified, digest = canonical_and_digest(graph)
            same = digest == parent_digest and task.mutations > 0
            failed = "duplicate" if same else static_failure(simplified, task.space, task.screening)
            if failed is None:
                text, values = graph.to_json(), fingerprint_of(digest)
                self._simplified[text] = simplified, digest
                proposal = Proposal(
                    *(task.slot, attempt, text, digest, "", values, dict(refused), seconds, grafted)
                )
                return proposal, seconds
            refused[failed] += 1
        last = task.max_attempts - 1
        return Proposal(task.slot, last, None, None, "", (), dict(refused), seconds), seconds

    def evaluate(
        self, graph_json: str, config: object, seed_index: int = 0, stop_at_rejection: bool = True
    ) -> tuple[Evaluation, float]:
        """Verdict and noisy scores; a tabulated layer has its measured ones at seed 0."""
        known = graph_json in self._simplified
        simplified, digest = self._simplified.pop(graph_json) if known else simplify(graph_json)
        truth = self.truth(simplified, digest)
        measured = self.table.rows.get(digest) if self.table else None
        reason, scores = "", {}
        if truth.verdict is not Verdict.SCORED:
            reason = measured.reason if measured else "as the landscape says"
        elif measured and seed_index == 0:
            scores = truth.scores
        else:
            scores = {
                anchor: self.terrain.noisy(score, simplified, digest, anchor, seed_index)
                for anchor, score in truth.scores.items()
            }
        seconds = self.durations.evaluation[truth.verdict]
        if self._rng.integers(self.durations.slow_one_in) == 0:
            seconds *= self.durations.slow_times
        return Evaluation(truth.verdict, reason, scores, seconds, ""), seconds

    def truth(self, simplified: Graph, digest: str) -> Truth:
        """What the table says about a layer, else the landscape."""
        row = self.table.rows.get(digest) if self.table else None
        return row.truth if row else self.terrain.truth(simplified)


def simplify(graph_json: str) -> tuple[Graph, str]:
    """Canonical form and digest."""
    return canonical_and_digest(Graph.from_json(graph_json))


@lru_cache(maxsize=4096)
def read_parent(graph_json: str) -> tuple[Graph, str]:
    """The graph and its digest; a parent has many offspring."""
    graph = Graph.from_json(graph_json)
    return graph, digest_of(graph)


def fingerprint_of(digest: str) -> Fingerprint:
    """Numbers that stand for a digest: layers are taken for equal when their digests are."""
    drawn = np.frombuffer(shake_256(digest.encode()).digest(4 * _FINGERPRINT), np.uint32)
    return tuple((drawn / 2**31 - 1.0).tolist())
