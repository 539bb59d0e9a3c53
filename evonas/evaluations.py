"""The evaluations that slots ask for: looked up, else made once, stored before they are used."""

from __future__ import annotations

from evonas.hardware import Hardware
from evonas.slots import Slot, evaluation_of, evaluation_record, machine_record
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from results_db.writer import RunWriter
from workers.pools.base import Completion


class Evaluations:
    """Between the slots of a run and its database; the driver has made what is not there."""

    def __init__(self, db: ResultsDB, writer: RunWriter, hardware: Hardware) -> None:
        self._db, self._writer, self._hardware = db, writer, hardware
        self._wanted: list[Slot] = []  # and nobody has looked them up yet
        self._waiting: dict[tuple[str, int], list[Slot]] = {}  # layer, seed -> who wants the result
        self._finished: list[tuple[Slot, EvaluationRecord]] = []  # yet to be stored

    def ask(self, slot: Slot) -> None:
        """Ask for the evaluation of a slot, to be looked up or made."""
        slot.asked = True
        self._wanted.append(slot)

    def look_up(self) -> list[Slot]:
        """Give slots what is stored; of the others those whose evaluation is to be made now. Equal
        layers wait for the one that is being evaluated.
        """
        if not self._wanted:
            return []
        found = self._hardware.find(self._db, [(*slot.wants, True) for slot in self._wanted])
        begun: list[Slot] = []
        for slot, outcome in zip(self._wanted, found, strict=True):
            slot.outcome = outcome
            slot.cached = slot.outcome is not None
            if slot.cached:
                continue
            asked = self._waiting.setdefault(slot.wants, [])
            asked.append(slot)
            if len(asked) == 1:
                begun.append(slot)
        self._wanted.clear()
        return begun

    def take(self, slot: Slot, completion: Completion) -> None:
        """Take in the end of an evaluation; `store` makes it known."""
        if completion.failure is None:
            key = self._hardware.key(evaluation_of(completion), *slot.wants, True)
            self._finished.append((slot, evaluation_record(key, slot.digest, completion)))
        else:  # of the machine: not stored under a key, may be tried again
            self._answer(slot, machine_record(slot.digest, completion))

    def store(self) -> None:
        """Store what has finished, before anything is made of it."""
        finished, self._finished = self._finished, []
        stored = self._writer.store_evaluations([outcome for _, outcome in finished])
        for (slot, _), outcome in zip(finished, stored, strict=True):
            self._answer(slot, outcome)

    def _answer(self, evaluated: Slot, outcome: EvaluationRecord) -> None:
        for slot in self._waiting.pop(evaluated.wants):
            slot.outcome = outcome
