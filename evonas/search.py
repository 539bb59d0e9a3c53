"""The evolution loop: propose, evaluate, commit in order.

    until the budget is spent:
        for every slot k with the history up to k - lag committed:
            pick a parent, or none
            a worker draws and screens until a graph passes that equals no candidate up to k - lag
            a worker evaluates it (protocols, proxy training); the result is stored at once
        commit rows in the order of k, whatever order their results arrive in

Candidate k is a function of the seed, k and the committed history up to exactly k - lag, so the
history does not depend on the number of workers, on their speed, or on how often the driver was
killed and resumed.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass

from evonas.baselines import Baselines
from evonas.config import RunConfig, config_from_dict
from evonas.history import History
from evonas.progress import Phase, Progress
from evonas.selection import choose_parent
from evonas.slots import Slot, evaluation_record
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from results_db.writer import RunWriter
from search_spaces.space import get_space
from workers.evaluation import evaluate, evaluation_key
from workers.fingerprint import FingerprintIndex
from workers.pools.base import Completion, Pool, Task
from workers.proposal import Proposal, ProposalTask, propose

_REPORT_EVERY = 0.5  # seconds
FINISHED, STOPPED, INTERRUPTED = "finished", "stopped", "interrupted"

Report = Callable[[Progress], None]


@dataclass(slots=True)
class Stop:
    """Set `drain` (from a signal handler) to finish what runs, commit what can be, and return."""

    drain: bool = False


def run_search(db: ResultsDB, run: str, pool: Pool, *, report: Report, stop: Stop) -> str:
    """Go on with a run from where its history ends, until its budget is spent.

    Returns the state that is stored with the run: "finished", "stopped" by its time limit, or
    "interrupted". Raises the database's errors (RunNotFound, RunLocked, ...).
    """
    record = db.run(run)
    config = config_from_dict(record.config)
    with db.writer(run) as writer:
        writer.set_state("running")
        state = INTERRUPTED
        try:
            driver = _Driver(
                db, writer, run, config, record.budget or config.budget, pool, report, stop
            )
            state = driver.run()
        finally:
            writer.set_state(state)
    return state


class _Driver:
    def __init__(
        self,
        db: ResultsDB,
        writer: RunWriter,
        run: str,
        config: RunConfig,
        budget: int,
        pool: Pool,
        report: Report,
        stop: Stop,
    ) -> None:
        self.db, self.writer, self.run_name, self.config, self.budget = (
            db,
            writer,
            run,
            config,
            budget,
        )
        self.pool, self.report_to, self.stop = pool, report, stop
        self.history = History(config.evolution, db.candidates(run))
        self.slots: dict[int, Slot] = {}
        self.proposed = FingerprintIndex()  # of the slots under way
        self.waiting: dict[str, list[Slot]] = {}  # evaluation key -> slots that want its result
        self.ready: list[
            tuple[int, str, Task]
        ] = []  # heap by slot: the oldest first, or commits would stall
        self.in_flight: dict[str, Slot] = {}
        self.next_slot = self.history.committed
        self.time_limit: float | None = None
        self.started = time.monotonic()
        self.committed_before = self.history.committed
        self.last_report = 0.0

    def run(self) -> str:
        baselines = Baselines(self.db, self.writer, self.config)
        while not self.stop.drain and not baselines.measured(self.pool, _REPORT_EVERY):
            self.report("baselines")
        self.pool.stop()
        self.time_limit = baselines.time_limit()
        while self.history.committed < self.budget:
            draining = self.draining()
            if not draining:
                self.open_slots()
                self.submit()
            elif not self.in_flight:
                break
            for completion in self.pool.wait(_REPORT_EVERY):
                self.take(completion)
            self.commit()
            self.report("draining" if draining else "search")
        self.report("done", now=True)
        if self.history.committed >= self.budget:
            return FINISHED
        return INTERRUPTED if self.stop.drain else STOPPED

    def draining(self) -> bool:
        """Whether nothing new may be started."""
        limit = self.config.max_minutes
        return self.stop.drain or (limit is not None and self.elapsed() > 60 * limit)

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def open_slots(self) -> None:
        """Open every slot whose history, up to slot - lag, is committed."""
        evolution = self.config.evolution
        last = min(self.history.committed + evolution.lag, self.budget) - 1
        while self.next_slot <= last:
            parent = choose_parent(self.next_slot, self.history.window, evolution, self.config.seed)
            slot = Slot(
                self.next_slot,
                parent.number if parent else None,
                parent.graph_json if parent else None,
            )
            self.slots[slot.number] = slot
            self.propose(slot)
            self.next_slot += 1

    def submit(self) -> None:
        """Keep every worker busy, and no more: what waits here can still be overtaken by an older
        slot.
        """
        while self.ready and len(self.in_flight) < self.pool.workers:
            number, _, task = heapq.heappop(self.ready)
            slot = self.slots.get(number)
            if slot is not None:  # else committed meanwhile, as a duplicate
                self.in_flight[task.id] = slot
                self.pool.submit(task)

    def queue(self, slot: Slot, task: Task) -> None:
        heapq.heappush(self.ready, (slot.number, task.id, task))

    def propose(self, slot: Slot) -> None:
        config = self.config
        task = ProposalTask(
            config.seed,
            slot.number,
            slot.next_attempt,
            config.evolution.max_attempts,
            get_space(config.space),
            config.screening,
            slot.parent_json,
            config.evolution.mutations,
        )
        name = f"propose:{slot.number}:{slot.next_attempt}"
        self.queue(slot, Task(name, propose, (task,), self.time_limit))

    def take(self, completion: Completion) -> None:
        slot = self.in_flight.pop(completion.task_id)
        if completion.task_id.startswith("propose:"):
            self.take_proposal(slot, completion)
        else:
            self.take_evaluation(slot, completion)

    def take_proposal(self, slot: Slot, completion: Completion) -> None:
        if completion.failure is not None:
            slot.outcome = _machine_record("", "", completion)
            return
        proposal = completion.value
        assert isinstance(proposal, Proposal)
        slot.refused.update(proposal.refused)
        slot.next_attempt = proposal.attempt + 1
        if proposal.graph_json is None:
            slot.exhausted = True
            return
        equal = self.history.equal_to(proposal.fingerprint)
        if equal is not None and equal.number <= slot.number - self.config.evolution.lag:
            slot.refused["duplicate"] += 1
            self.propose(slot)
            return
        slot.proposal = proposal
        earlier = self.proposed.find(proposal.fingerprint)
        self.proposed.add(slot.number, proposal.fingerprint)
        if equal is None and (earlier is None or earlier > slot.number):
            self.evaluate(slot)

    def evaluate(self, slot: Slot) -> None:
        """Use the stored result, wait for an equal layer that is being evaluated, or start."""
        assert slot.proposal is not None
        assert slot.proposal.digest is not None
        slot.key = evaluation_key(slot.proposal.digest, self.config.evaluation, 0, True)
        slot.outcome = self.db.find_evaluation(slot.key)
        slot.cached = slot.outcome is not None
        if slot.cached:
            return
        asked = self.waiting.setdefault(slot.key, [])
        asked.append(slot)
        if len(asked) == 1:
            task = Task(
                f"evaluate:{slot.number}",
                evaluate,
                (slot.proposal.graph_json, self.config.evaluation, 0, True),
                self.time_limit,
            )
            self.queue(slot, task)

    def take_evaluation(self, slot: Slot, completion: Completion) -> None:
        assert slot.proposal is not None
        assert slot.proposal.digest is not None
        if (
            completion.failure is not None
        ):  # of the machine: not stored under the key, may be tried again
            outcome = _machine_record(slot.key, slot.proposal.digest, completion)
        else:
            outcome = evaluation_record(slot.key, slot.proposal.digest, completion)
            self.writer.store_evaluation(outcome)
        for waiting in self.waiting.pop(slot.key):
            waiting.outcome = outcome

    def commit(self) -> None:
        """Commit every row whose turn has come."""
        while (slot := self.slots.get(self.history.committed)) is not None and slot.is_proposed:
            proposal = slot.proposal
            duplicate = self.history.equal_to(proposal.fingerprint) if proposal else None
            if proposal and not duplicate and slot.outcome is None:
                if not slot.key:  # held back for an earlier slot that was equal, but not exactly
                    self.evaluate(slot)
                if slot.outcome is None:
                    return
            row = slot.record(duplicate)
            self.writer.commit([row])
            self.history.add(row)
            del self.slots[slot.number]
            if proposal:
                self.proposed.remove(slot.number)

    def report(self, phase: Phase, *, now: bool = False) -> None:
        if not now and time.monotonic() - self.last_report < _REPORT_EVERY:
            return
        self.last_report = time.monotonic()
        history, elapsed = self.history, self.elapsed()
        rate = (history.committed - self.committed_before) / elapsed if elapsed > 0 else 0.0
        left = (self.budget - history.committed) / rate if rate > 0 else None
        if left is not None and self.config.max_minutes is not None:
            left = max(0.0, min(left, 60 * self.config.max_minutes - elapsed))
        self.report_to(
            Progress(
                phase,
                self.run_name,
                history.committed,
                self.budget,
                dict(history.verdicts),
                dict(history.refused),
                history.attempts,
                dict(history.best),
                history.best_text,
                history.hypervolume,
                len(self.in_flight),
                self.pool.workers,
                elapsed,
                rate,
                left,
            )
        )


def _machine_record(key: str, digest: str, completion: Completion) -> EvaluationRecord:
    assert completion.failure is not None
    return EvaluationRecord(
        key=key,
        digest=digest,
        verdict=completion.failure,
        reason=completion.message,
        seconds=completion.seconds,
        worker=completion.worker,
    )
