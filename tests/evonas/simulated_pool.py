"""Pools that compute nothing: results are functions of the task, and arrive in a random order."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np

from evonas.simulator.pool import VirtualPool
from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from workers.audit import Refusal, is_followed
from workers.evaluation import Evaluation, evaluate, hardware_class
from workers.pools.base import Completion, Task
from workers.pools.serial import SerialPool
from workers.proposal import Proposal, ProposalTask, draw, propose
from workers.survey import Survey, survey
from workers.verdict import Verdict

COST = 2.0  # seconds that an evaluation says it took; cheap ones may be stored later


class KilledError(Exception):
    """The driver dies here, as by kill -9."""


class SimulatedPool(VirtualPool):
    """Proposes without screening, scores by a hash; delays, crashes and repeats drawn from `rng`.

    `kill_after`: how often results are handed over before the driver is killed; None: it lives.
    `evaluated` counts evaluations that were handed over, by graph, over all pools that share it.
    `crashing`: how likely the worker dies at the end of a task, which starts again as in a RayPool;
    `repeating`: how likely a result is handed over again, some time later.
    """

    def __init__(
        self,
        workers: int,
        rng: np.random.Generator,
        kill_after: int | None = None,
        evaluated: list[str] | None = None,
        *,
        crashing: float = 0.0,
        repeating: float = 0.0,
    ) -> None:
        super().__init__(workers, lambda task: (self.value(task), self.delay()))
        self.rng = rng
        self.left = kill_after
        self.evaluated = evaluated if evaluated is not None else []
        self.crashing, self.repeating = crashing, repeating
        self.crashed = self.repeated = 0
        self.late: list[Completion] = []  # handed over once, and perhaps again
        self.failure: Verdict | None = None  # how evaluations end, in `failing` of 4 cases
        self.failing = 0
        self.fails = "evaluate"  # the kind of tasks that do
        self.everything_fails = False
        self.machines: tuple[str, ...] = ()  # hardware classes of its workers, if not this one's
        self.refuses: str | None = None  # the check at which every attempt falls

    def submit(self, task: Task) -> None:
        assert len(self.in_flight) < self.workers
        assert all(task.id != other.id for other in self.in_flight)
        super().submit(task)

    def delay(self) -> float:
        """Whole seconds, so that several tasks end at once; one in ten takes much longer."""
        return float(self.rng.integers(1, 5)) * (20.0 if self.rng.random() < 0.1 else 1.0)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        if self.left == 0 and self.in_flight:
            raise KilledError
        if self.left is not None:
            self.left -= 1
        ended = super().wait(timeout)
        repeated = [late for late in self.late if self.rng.random() < 0.5]
        self.repeated += len(repeated)
        self.late = [late for late in self.late if late not in repeated]
        self.late += [completion for completion in ended if self.rng.random() < self.repeating]
        handed = [*ended, *repeated]
        return [handed[i] for i in self.rng.permutation(len(handed))]

    def completions(self, task: Task, value: Any, seconds: float) -> list[Completion]:
        """What the worker answers; nothing if it died."""
        if self.rng.random() < self.crashing:
            self.crashed += 1
            self._queue.appendleft(task)
            return []
        evaluates = task.id.startswith(self.fails) or self.everything_fails
        failure = self.failure if evaluates else None
        if failure is not None and int(self.rng.integers(4)) < self.failing:
            return [Completion(task.id, None, failure, "as arranged", 0.1, "simulated")]
        if isinstance(value, Evaluation):
            self.evaluated.append(evaluated_layer(task))
        return super().completions(task, value, seconds)

    def value(self, task: Task) -> Any:
        """What the function of the task would return."""
        if isinstance(task.args[0], ProposalTask):
            return fake_proposal(task.args[0], self.refuses)
        machine = str(self.rng.choice(self.machines)) if self.machines else hardware_class()
        if task.function is survey:
            return Survey(machine, {})
        graph_json, _, seed_index, _ = task.args
        return replace(fake_evaluation(graph_json, None, seed_index), hardware=machine)


def evaluated_layer(task: Task) -> str:
    """What is counted: a graph, the seed, and whether its evaluation stops at a rejection."""
    graph_json, _, seed_index, stops = task.args
    return f"{graph_json} {seed_index} {stops}"


class SimulatedSerialPool(SerialPool):
    """The same without workers: the serial pool, with other functions."""

    def __init__(self, kill_after: int | None, evaluated: list[str]) -> None:
        super().__init__()
        self.left = kill_after
        self.evaluated = evaluated
        self.layers: dict[str, str] = {}  # that are evaluated, by task

    def submit(self, task: Task) -> None:
        if task.function is evaluate:
            self.layers[task.id] = evaluated_layer(task)
        function, count = SIMULATED[task.function]
        super().submit(replace(task, function=function, args=task.args[:count]))

    def wait(self, timeout: float | None = None) -> list[Completion]:
        if self.left == 0:
            raise KilledError
        if self.left is not None:
            self.left -= 1
        ended = super().wait(timeout)
        self.evaluated += [self.layers[c.task_id] for c in ended if c.task_id in self.layers]
        return ended


@lru_cache(maxsize=4096)
def fake_proposal(task: ProposalTask, refuses: str | None = None) -> Proposal:
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


@lru_cache(maxsize=4096)
def fake_evaluation(graph_json: str, config: object = None, seed_index: int = 0) -> Evaluation:
    """A verdict and scores that depend on the layer and the seed alone."""
    _, digest = canonical_and_digest(Graph.from_json(graph_json))
    number = crc32(f"{digest} {seed_index}".encode() if seed_index else digest.encode())
    if number % 3 == 0:
        return Evaluation(Verdict.UNSTABLE, f"gradient norm {number}", {}, COST, "")
    scores = {"one": number % 1000 / 1000, "two": number % 777 / 777}
    return Evaluation(Verdict.SCORED, "", scores, COST, "")


def fake_survey() -> Survey:
    """This machine, and nothing about networks."""
    return Survey(hardware_class(), {})


# What runs instead of a worker's function, with how many of its arguments.
SIMULATED = {propose: (fake_proposal, 1), evaluate: (fake_evaluation, 3), survey: (fake_survey, 0)}
