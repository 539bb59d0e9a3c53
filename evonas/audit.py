"""The rejection audit: some of what every check throws out goes on to the later ones all the same.

Its layers are no candidates: they are never parents and never in the window, and the history is the
same with and without them. They cost time of the workers, not budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from evonas.config import RunConfig
from evonas.funnel import ALL_STEPS, FIRST_STEPS, QUALITY
from evonas.hardware import Hardware
from evonas.slots import Slot, evaluation_of, evaluation_record
from results_db.records import AuditedRecord, CandidateRecord
from results_db.store import ResultsDB
from results_db.writer import RunWriter
from workers.audit import is_followed
from workers.evaluation import evaluate
from workers.pools.base import Completion, Task
from workers.verdict import Verdict

#: Protocols that can be found wrong; a diverged training has no score to tell.
AUDITED_PROTOCOLS = (FIRST_STEPS, QUALITY, ALL_STEPS)
_PREFIX = "audit:"


def is_audit(task_id: str) -> bool:
    """Whether a task is one of the audit's."""
    return task_id.startswith(_PREFIX)


def protocol(row: CandidateRecord) -> str | None:
    """The protocol that rejected a candidate, None if none did that an audit can find wrong; an
    evaluation on a further seed is no rejection of a candidate.
    """
    if row.repeat_of is not None:
        return None
    if row.verdict == Verdict.UNSTABLE:
        return ALL_STEPS if row.scores else FIRST_STEPS
    return QUALITY if row.verdict == Verdict.LOW_QUALITY else None


class Auditor:
    """Chooses what is followed as candidates are committed, and takes in what became of it."""

    def __init__(
        self, db: ResultsDB, writer: RunWriter, run: str, config: RunConfig, hardware: Hardware
    ) -> None:
        self._db, self._writer, self._config, self._hardware = db, writer, config, hardware
        known = db.audited(run)
        self._known = {layer.digest for layer in known}
        self._under_way: dict[str, AuditedRecord] = {}  # by task
        self._begun: list[AuditedRecord] = without_result(db, known)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to follow."""
        return not (self._begun or self._under_way)

    def choose(self, slot: Slot, row: CandidateRecord) -> list[AuditedRecord]:
        """What to follow of the attempts that fell on the way to a candidate, and of itself; to be
        committed with it.
        """
        share = self._config.audit.share
        chosen = [(r.digest, r.failed, r.graph_json, r.text) for r in slot.followed.values()]
        failed = protocol(row)
        if failed and row.digest and row.graph_json and is_followed(row.digest, share):
            chosen.append((row.digest, failed, row.graph_json, row.text))
        records = []
        for digest, failed, graph_json, text in chosen:
            if digest not in self._known:
                self._known.add(digest)
                key = self._hardware.first_key(digest, 0, _stops(failed))
                records.append(
                    AuditedRecord(
                        digest=digest,
                        number=row.number,
                        failed=failed,
                        graph_json=graph_json,
                        text=text,
                        evaluation_key=key,
                    )
                )
        self._begun += records
        return records

    def tasks(self, task: Callable[..., Task]) -> list[tuple[int, Task]]:
        """Candidate number and task of each layer to follow now; what is stored is not trained."""
        begun, self._begun = self._begun, []
        wanted = [(layer.digest, 0, _stops(layer.failed)) for layer in begun]
        found = self._hardware.find(self._db, wanted) if wanted else []
        told: list[AuditedRecord] = []
        tasks: list[tuple[int, Task]] = []
        for layer, stored in zip(begun, found, strict=True):
            if stored is not None:
                told.append(replace(layer, evaluation_key=stored.key))
                continue
            name = f"{_PREFIX}{layer.digest}"
            self._under_way[name] = layer
            stops = _stops(layer.failed)
            arguments: tuple[Any, ...] = (layer.graph_json, self._config.evaluation, 0, stops)
            tasks.append((layer.number, task(name, evaluate, *arguments)))
        if told:
            self._writer.store_audited(told)
        return tasks

    def take(self, completion: Completion) -> None:
        """Store what became of a layer, or how the machine failed."""
        layer = self._under_way.pop(completion.task_id)
        if completion.failure is not None:
            layer = replace(layer, failure=f"{completion.failure}: {completion.message}")
        else:
            stops = _stops(layer.failed)
            key = self._hardware.key(evaluation_of(completion), layer.digest, 0, stops)
            self._writer.store_evaluation(evaluation_record(key, layer.digest, completion))
            layer = replace(layer, evaluation_key=key)
        self._writer.store_audited([layer])


def without_result(db: ResultsDB, layers: Iterable[AuditedRecord]) -> list[AuditedRecord]:
    """Those of the audited layers that are still to be trained."""
    open_ones = [layer for layer in layers if not layer.failure]
    stored = db.find_evaluations([layer.evaluation_key for layer in open_ones])
    return [layer for layer in open_ones if layer.evaluation_key not in stored]


def _stops(failed: str) -> bool:
    """Whether an evaluation that stops at its first rejection tells whether the check was right.

    After a screen it does: a layer that is rejected later is no loss. Of what the last protocol
    rejected that is the evaluation of the candidate, so nothing is trained.
    """
    return failed not in (FIRST_STEPS, QUALITY)
