"""The slots of a run on their way to the history: proposed, evaluated, committed in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from evonas.audit import Auditor, is_audit
from evonas.config import RunConfig
from evonas.evaluations import Evaluations
from evonas.hardware import Hardware
from evonas.history import History
from evonas.opening import open_slot
from evonas.runs import evaluated_from
from evonas.slots import Slot, machine_record
from evonas.vocabulary import search_space
from results_db.records import AuditedRecord, CandidateRecord
from results_db.store import ResultsDB
from results_db.writer import RunWriter
from workers.evaluation import evaluate
from workers.fingerprint import FingerprintIndex
from workers.own_primitives import with_primitives
from workers.pools.base import Completion, Pool, Task
from workers.proposal import Proposal, ProposalTask, propose
from workers.verdict import Verdict

# A candidate may crash; so many in a row mean that the installation or the machine is broken.
_MOST_CRASHES = 8


class SearchError(RuntimeError):
    """The search cannot go on; what is committed is kept, and the run can be resumed."""


class Driver:
    """Keeps the workers busy with the slots that may be opened, and commits in the order of
    the slots, or of arrival.

    `time_limit`: seconds that one task may take.
    """

    def __init__(
        self,
        db: ResultsDB,
        writer: RunWriter,
        run: str,
        config: RunConfig,
        budget: int,
        pool: Pool,
        hardware: Hardware,
    ) -> None:
        self.db, self.writer, self.run, self.config = db, writer, run, config
        self.budget, self.pool = budget, pool
        self.history = History(db, run, config.evolution)
        self.time_limit: float | None = None
        self.in_flight: dict[str, Slot | None] = {}  # task -> its slot, if it is a candidate's
        self._auditor = Auditor(db, writer, run, config, hardware)
        self._slots: dict[int, Slot] = {}
        self._proposed = FingerprintIndex()  # of the slots under way
        self._evaluations = Evaluations(db, writer, hardware)
        # Tasks that wait for a worker, the oldest slot first, or commits would stall.
        self._ready: list[tuple[int, str, Task]] = []
        self._own_from = evaluated_from(db, run)
        self._by_arrival = config.evolution.commit_order == "arrival"
        self._space = search_space(config)
        self._crashes, self._last_message = 0, ""  # without an evaluation between; of the last one

    @property
    def is_done(self) -> bool:
        """Whether the budget is spent and the audit has nothing left to follow."""
        return self.history.committed >= self.budget and self._auditor.is_done

    @property
    def is_auditing(self) -> bool:
        """Whether the budget is spent and the audit alone is left."""
        return self.history.committed >= self.budget and not self._auditor.is_done

    def open_slots(self) -> None:
        """Open every slot whose history, up to slot - lag, is committed."""
        most = min(self.config.evolution.lag, self.budget - self.history.committed)
        while len(self._slots) < most:
            number = self.history.next_slot()
            slot = open_slot(number, self.history, self.config, self._space, self._own_from)
            self._slots[number] = slot
            if slot.repeat_of is None:
                self._propose(slot)
            else:
                self._evaluations.ask(slot)
        self._begin_evaluations()

    def submit(self) -> None:
        """Keep every worker busy, and no more: an older slot may still overtake what waits."""
        for number, task in self._auditor.tasks(self._task):
            heapq.heappush(self._ready, (number, task.id, task))
        while self._ready and len(self.in_flight) < self.pool.workers:
            number, _, task = heapq.heappop(self._ready)
            slot = self._slots.get(number)
            # Else the slot was committed meanwhile, as a duplicate.
            if slot is not None or is_audit(task.id):
                self.in_flight[task.id] = slot
                self.pool.submit(task)

    def _queue(self, slot: Slot, task: Task) -> None:
        heapq.heappush(self._ready, (slot.number, task.id, task))

    def _task(self, name: str, function: Callable[..., Any], *args: Any) -> Task:
        """A task that may take the time limit; its worker learns the run's own primitives first."""
        if self.config.primitives:
            function, args = with_primitives, (self.config.primitives, function, *args)
        return Task(name, function, args, self.time_limit)

    def _propose(self, slot: Slot) -> None:
        """Ask for the next attempts of a slot, if any are left."""
        config = self.config
        if not slot.take_turn(config.evolution):
            slot.exhausted = True
            return
        parent, donor = slot.ancestors.parent, slot.ancestors.donor
        task = ProposalTask(
            config.seed,
            slot.number,
            slot.next_attempt,
            slot.turn_ends,
            self._space,
            config.screening,
            parent.graph_json if parent else slot.given_json,
            0 if slot.given_json else config.evolution.mutations,
            config.evolution.mutation,
            donor.graph_json if donor else None,
            config.audit.share,
        )
        name = f"propose:{slot.number}:{slot.next_attempt}"
        self._queue(slot, self._task(name, propose, task))

    def take(self, completion: Completion) -> None:
        """Take in the end of a task; one that has ended before is ignored."""
        if completion.task_id not in self.in_flight:
            return
        slot = self.in_flight.pop(completion.task_id)
        if slot is None:
            self._auditor.take(completion)
            return
        is_proposal = completion.task_id.startswith("propose:")
        if completion.failure == Verdict.CRASH:
            self._crashes += 1
            self._last_message = completion.message
        elif not is_proposal:  # which may go well between evaluations that all crash
            self._crashes = 0
        if is_proposal:
            self._take_proposal(slot, completion)
        else:
            self._evaluations.take(slot, completion)

    def _take_proposal(self, slot: Slot, completion: Completion) -> None:
        if completion.failure is not None:
            slot.outcome = machine_record("", completion)
            return
        proposal = completion.value
        assert isinstance(proposal, Proposal)
        slot.refused.update(proposal.refused)
        slot.next_attempt = proposal.attempt + 1
        for refusal in proposal.followed:
            slot.followed.setdefault(refusal.digest, refusal)
        if proposal.graph_json is None:
            self._propose(slot)
            return
        equal = self.history.equal_to(proposal.fingerprint)
        if equal is not None and equal <= slot.number - self.config.evolution.lag:
            slot.refused["duplicate"] += 1
            self._propose(slot)
            return
        slot.proposal, slot.equal = proposal, equal
        earlier = self._proposed.find(proposal.fingerprint)
        self._proposed.add(slot.number, proposal.fingerprint)
        if equal is None and (earlier is None or earlier > slot.number):
            self._evaluations.ask(slot)

    def _begin_evaluations(self) -> None:
        for slot in self._evaluations.look_up():
            assert slot.proposal is not None
            arguments = (slot.proposal.graph_json, self.config.evaluation, slot.seed_index, True)
            self._queue(slot, self._task(f"evaluate:{slot.number}", evaluate, *arguments))

    def commit(self) -> None:
        """Start what is wanted, store what has finished, commit every row whose turn has come.

        What has finished is stored before anything else happens, so that no kill can lose it. The
        transaction waits for the disk; what ends meanwhile shares the next one.

        Raises SearchError when nothing but crashes comes back; they are not committed.
        """
        self._begin_evaluations()
        self._evaluations.store()
        if self._crashes >= _MOST_CRASHES:
            raise SearchError(
                f"the last {self._crashes} tasks all crashed, so the search has stopped; what is "
                f"committed is kept. Mend the cause and resume. The last one: {self._last_message}"
            )
        rows: list[CandidateRecord] = []
        audited: list[AuditedRecord] = []
        for row in self._rows():
            rows.append(row)
            self.history.add(row)
            slot = self._slots.pop(row.opened)
            audited += self._auditor.choose(slot, row)
            self._close(slot)
        self.writer.commit(rows, audited)

    def _rows(self) -> Iterator[CandidateRecord]:
        """The rows whose turn has come; each joins the history before the next is asked for."""
        if not self._by_arrival:
            while slot := self._slots.get(self.history.committed):
                if (row := self._row_of(slot)) is None:
                    return
                yield row
            return
        for slot in list(self._slots.values()):  # those that arrived together, oldest first
            if slot.is_under_evaluation:
                continue
            if (row := self._row_of(slot)) is not None:
                yield replace(row, number=self.history.committed, slot=slot.number)

    def _row_of(self, slot: Slot) -> CandidateRecord | None:
        if not slot.is_proposed:
            return None
        costs = self.config.evolution.costs
        if slot.proposal is None or slot.repeat_of is not None:
            return slot.record(None) if slot.outcome or slot.exhausted else None
        if slot.equal is None:  # then; one may have been committed since
            slot.equal = self.history.equal_to(slot.proposal.fingerprint)
        if slot.equal is not None:
            return slot.record(self.history.candidate(slot.equal), costs)
        if not slot.asked:  # held back for an earlier slot that was equal, but not exactly
            if self._proposed.find(slot.proposal.fingerprint) != slot.number:
                return None  # it is still under way
            self._evaluations.ask(slot)
            self._begin_evaluations()
        return None if slot.outcome is None else slot.record(None, costs)

    def _close(self, slot: Slot) -> None:
        """Forget the fingerprint of a committed slot."""
        if slot.proposal is not None and slot.repeat_of is None:
            self._proposed.remove(slot.number)
