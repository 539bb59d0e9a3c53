"""The known layers that a run measures beside its own, on the same anchors, seed and settings."""

from __future__ import annotations

from dataclasses import replace

from evonas.config import RunConfig
from evonas.hardware import Hardware
from evonas.slots import evaluation_of, evaluation_record
from results_db.records import BaselineRecord, EvaluationRecord
from results_db.store import ResultsDB
from results_db.writer import RunWriter
from search_spaces.canonical import digest
from search_spaces.text_printer import format_graph
from search_spaces.zoo import zoo_graph
from workers.evaluation import evaluate
from workers.pools.base import Pool, Task

# A time limit must hold on a machine that is busy with other things too.
_LEAST_TIME_LIMIT = 120.0  # seconds
_TIME_LIMIT_FACTOR = 2.0  # of the slowest baseline


class BaselineError(RuntimeError):
    """A known layer could not be evaluated, so no score of this run would mean anything."""


class Baselines:
    """Evaluates the baselines of a run; those that are stored already cost nothing.

    A protocol that rejects a baseline does not stop it: its verdict and its scores are both
    recorded.
    """

    def __init__(
        self, db: ResultsDB, writer: RunWriter, config: RunConfig, hardware: Hardware
    ) -> None:
        self._writer = writer
        self._config = config
        self._hardware = hardware
        self._done: list[EvaluationRecord] = []
        self._missing: dict[str, BaselineRecord] = {}  # by task, not begun
        self._running: dict[str, BaselineRecord] = {}
        for name in config.baselines:
            graph = zoo_graph(name)
            graph_digest = digest(graph)
            (stored,) = hardware.find(db, [(graph_digest, 0, False)])
            key = stored.key if stored else hardware.first_key(graph_digest, 0, False)
            baseline = BaselineRecord(
                name=name, text=format_graph(graph), digest=graph_digest, evaluation_key=key
            )
            writer.store_baseline(baseline)
            if stored is None:
                self._missing[f"baseline:{name}"] = baseline
            else:
                self._done.append(stored)

    @property
    def done(self) -> int:
        """How many are measured."""
        return len(self._done)

    @property
    def are_measured(self) -> bool:
        """Whether all are."""
        return not (self._missing or self._running)

    @property
    def are_running(self) -> bool:
        """Whether some are being measured now."""
        return bool(self._running)

    def begin(self, pool: Pool) -> None:
        """Keep every worker busy, and no more: what waits in a pool could not be left out when the
        search is to stop.
        """
        while self._missing and len(self._running) < pool.workers:
            name = next(iter(self._missing))
            baseline = self._running[name] = self._missing.pop(name)
            graph_json = zoo_graph(baseline.name).to_json()
            pool.submit(Task(name, evaluate, (graph_json, self._config.evaluation, 0, False)))

    def take(self, pool: Pool, timeout: float) -> None:
        """Wait up to `timeout` seconds and store what has ended. Raises BaselineError."""
        failed: list[str] = []
        for completion in pool.wait(timeout):
            baseline = self._running.pop(completion.task_id)
            if completion.failure is not None:
                failed.append(
                    f"the baseline {baseline.name} ended as {completion.failure}: "
                    f"{completion.message}"
                )
                continue
            key = self._hardware.key(evaluation_of(completion), baseline.digest, 0, False)
            record = evaluation_record(key, baseline.digest, completion)
            self._writer.store_evaluation(record)
            self._writer.store_baseline(replace(baseline, evaluation_key=key))
            self._done.append(record)
        if failed:  # after what came with it is stored
            raise BaselineError(failed[0])

    def time_limit(self) -> float:
        """Seconds that the evaluation of a candidate may take, from the run's configuration or the
        baselines.
        """
        slowest = max((record.seconds for record in self._done), default=0.0)
        return self._config.time_limit or max(_LEAST_TIME_LIMIT, _TIME_LIMIT_FACTOR * slowest)
