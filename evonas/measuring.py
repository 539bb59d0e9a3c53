"""Evaluations that are wanted, made in a pool; each result is stored as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evonas.slots import evaluation_of, evaluation_record
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from workers.evaluation import Evaluation
from workers.pools.base import Completion, Pool, Task
from workers.unfit import BrokenLayerError, UnfitLayerError

_WAIT = 0.5  # seconds
# How tracebacks name the errors whose messages say all there is to say to a user.
_TELLING = [f"{kind.__module__}.{kind.__name__}: " for kind in (UnfitLayerError, BrokenLayerError)]

#: A finished evaluation, or a failure of the machine in words.
Outcome = EvaluationRecord | str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An evaluation of the layer with a digest, made by a task, to be stored under a key, if the
    machine that makes it is of the class that was expected.
    """

    task: Task
    key: str
    digest: str


def measure(
    wanted: Sequence[Wanted],
    pool: Pool,
    db: ResultsDB,
    key_of: Callable[[Wanted, Evaluation], str] = lambda item, _: item.key,
) -> Iterator[tuple[Wanted, Outcome]]:
    """Each evaluation and its outcome, in the order in which they end; `key_of` tells its key.

    What has ended is stored before it is given out, so a kill loses only what was running. A
    failure of the machine is not stored: it may go well the next time.
    """
    running = {item.task.id: item for item in wanted}
    for item in wanted:
        pool.submit(item.task)
    while running:
        for completion in pool.wait(_WAIT):
            item = running.pop(completion.task_id)
            outcome = _outcome(completion, item, key_of)
            yield item, outcome if isinstance(outcome, str) else db.store_evaluation(outcome)


def _outcome(
    completion: Completion, wanted: Wanted, key_of: Callable[[Wanted, Evaluation], str]
) -> Outcome:
    if completion.failure is None:
        key = key_of(wanted, evaluation_of(completion))
        return evaluation_record(key, wanted.digest, completion)
    last_line = completion.message.strip().rpartition("\n")[2]
    for name in _TELLING:
        last_line = last_line.removeprefix(name)
    return f"{completion.failure}: {last_line}"
