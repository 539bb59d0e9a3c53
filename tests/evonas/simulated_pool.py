"""A pool that computes nothing: results are functions of the task, and arrive in a random order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from workers.audit import Refusal, is_followed
from workers.evaluation import Evaluation, hardware_class
from workers.pools.base import Completion, Pool, Task
from workers.proposal import Proposal, ProposalTask, draw
from workers.survey import Survey, survey
from workers.verdict import Verdict

COST = 2.0  # seconds that an evaluation says it took; cheap ones may be stored later


class KilledError(Exception):
    """The driver dies here, as by kill -9."""


class SimulatedPool(Pool):
    """Proposes without screening, scores by a hash, ends tasks in an order drawn from `rng`.

    `kill_after`: how many results are handed out before the driver is killed; None: it lives.
    `evaluated` counts evaluations by graph and config, over all pools that share it.
    """

    def __init__(
        self,
        workers: int,
        rng: np.random.Generator,
        kill_after: int | None = None,
        evaluated: list[str] | None = None,
    ) -> None:
        self.workers = workers
        self.rng = rng
        self.left = kill_after
        self.evaluated = evaluated if evaluated is not None else []
        self.tasks: list[Task] = []
        self.failure: Verdict | None = None  # how evaluations end, in `failing` of 4 cases
        self.failing = 0
        self.fails = "evaluate"  # the kind of tasks that do
        self.everything_fails = False
        self.machines: tuple[str, ...] = ()  # hardware classes of its workers, if not this one's
        self.refuses: str | None = None  # the check at which every attempt falls

    def submit(self, task: Task) -> None:
        assert len(self.tasks) < self.workers or task.id.startswith("baseline")
        assert all(task.id != other.id for other in self.tasks)
        self.tasks.append(task)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        if not self.tasks:
            return []
        if self.left == 0:
            raise KilledError
        if self.left is not None:
            self.left -= 1
        count = int(self.rng.integers(1, len(self.tasks) + 1))
        ended = [self.tasks.pop(int(self.rng.integers(len(self.tasks)))) for _ in range(count)]
        return [self.completion(task) for task in ended]

    def completion(self, task: Task) -> Completion:
        """What the worker answers."""
        evaluates = task.id.startswith(self.fails) or self.everything_fails
        failure = self.failure if evaluates else None
        if failure is not None and int(self.rng.integers(4)) < self.failing:
            return Completion(task.id, None, failure, "as arranged", 0.1, "simulated")
        return Completion(task.id, self.value(task), None, "", 0.1, "simulated")

    def value(self, task: Task) -> Any:
        if isinstance(task.args[0], ProposalTask):
            return fake_proposal(task.args[0], self.refuses)
        machine = str(self.rng.choice(self.machines)) if self.machines else hardware_class()
        if task.function is survey:
            return Survey(machine, {})
        graph_json, _, _, stops = task.args
        self.evaluated.append(f"{graph_json} {stops}")
        return replace(fake_evaluation(graph_json), hardware=machine)

    def stop(self) -> None:
        self.tasks.clear()

    def close(self) -> None:
        self.stop()


def fake_proposal(task: ProposalTask, refuses: str | None) -> Proposal:
    """A draw without screens; a third of the attempts is refused, and many layers seem equal."""
    if refuses is not None:
        found = {refuses: task.max_attempts - task.first_attempt}
        return Proposal(task.slot, task.max_attempts - 1, None, None, "", (), found, 0.0)
    refused = 0
    followed: dict[str, Refusal] = {}
    for attempt in range(task.first_attempt, task.max_attempts):
        rng = np.random.default_rng((task.run_seed, task.slot, attempt))
        parent = None if task.parent_json is None else Graph.from_json(task.parent_json)
        graph, grafted = draw(parent, task, rng)
        _, digest = canonical_and_digest(graph)
        if task.mutations and crc32(f"fallen {digest}".encode()) % 3 == 0:
            refused += 1
            if is_followed(digest, task.audit_share):
                followed[digest] = Refusal(digest, "stack", graph.to_json(), "")
            continue
        seems = float(crc32(digest.encode()) % 100)
        found = {"stack": refused} if refused else {}
        values = (seems,) * 49
        kept = tuple(followed.values())
        return Proposal(
            task.slot, attempt, graph.to_json(), digest, "", values, found, 0.0, grafted, kept
        )
    return Proposal(task.slot, task.max_attempts - 1, None, None, "", (), {"stack": refused}, 0.0)


def fake_evaluation(graph_json: str) -> Evaluation:
    """A verdict and scores that depend on the layer alone."""
    _, digest = canonical_and_digest(Graph.from_json(graph_json))
    number = crc32(digest.encode())
    if number % 3 == 0:
        return Evaluation(Verdict.UNSTABLE, f"gradient norm {number}", {}, COST, "")
    scores = {"one": number % 1000 / 1000, "two": number % 777 / 777}
    return Evaluation(Verdict.SCORED, "", scores, COST, "")
