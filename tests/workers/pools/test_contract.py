"""What every pool promises, whatever it runs on."""

import math
from collections.abc import Callable

import pytest

from tests.workers.pools import functions
from workers.pools import Completion, Pool, Task, TaskRefusedError
from workers.verdict import Verdict


def run_all(pool: Pool, tasks: list[Task]) -> list[Completion]:
    """Returns all completions in the order of ending."""
    for task in tasks:
        pool.submit(task)
    ended: list[Completion] = []
    while len(ended) < len(tasks):
        ended += pool.wait()
    return ended


class TestPool:
    def test_returns_what_each_function_returned(self, pool: Pool) -> None:
        ended = run_all(pool, [Task(f"t{n}", functions.double, (n,)) for n in range(7)])
        assert {c.task_id: c.value for c in ended} == {f"t{n}": 2 * n for n in range(7)}
        assert {c.failure for c in ended} == {None}

    def test_completion_names_its_worker_and_its_cost(self, pool: Pool) -> None:
        (done,) = run_all(pool, [Task("one", functions.double, (1,), timeout=60.0)])
        host, pid = done.worker.rsplit(":", 1)
        assert host
        assert int(pid) > 1
        assert 0 < done.seconds < 60
        assert done.message == ""

    def test_nothing_in_flight_returns_at_once(self, pool: Pool) -> None:
        assert pool.wait() == []

    def test_exception_is_a_crash_with_its_traceback(self, pool: Pool) -> None:
        (done,) = run_all(pool, [Task("bad", functions.fail, ("on purpose",))])
        assert (done.failure, done.value) == (Verdict.CRASH, None)
        assert "ValueError: on purpose" in done.message
        assert "functions.py" in done.message

    def test_memory_error_is_out_of_memory(self, pool: Pool) -> None:
        (done,) = run_all(pool, [Task("big", functions.raise_memory_error)])
        assert (done.failure, done.value) == (Verdict.OUT_OF_MEMORY, None)
        assert "no room" in done.message

    def test_failed_allocation_of_torch_is_out_of_memory(self, pool: Pool) -> None:
        (done,) = run_all(pool, [Task("big", functions.allocate, (2**20,))])
        assert done.failure is Verdict.OUT_OF_MEMORY

    def test_goes_on_after_failures(self, pool: Pool) -> None:
        tasks = [Task("bad", functions.fail, ("no",)), Task("good", math.sqrt, (4.0,))]
        ended = {c.task_id: c for c in run_all(pool, tasks)}
        assert ended["bad"].failure is Verdict.CRASH
        assert ended["good"].value == 2.0

    @pytest.mark.parametrize(
        ("function", "args"), [(lambda: 1, ()), (functions.double, (lambda: 1,))]
    )
    def test_refuses_what_a_worker_cannot_import(
        self, pool: Pool, function: Callable[..., int], args: tuple[object, ...]
    ) -> None:
        with pytest.raises(TaskRefusedError, match="'odd' cannot be sent to a worker"):
            pool.submit(Task("odd", function, args))
        assert pool.wait() == []

    def test_refuses_an_id_in_flight(self, pool: Pool) -> None:
        pool.submit(Task("same", functions.double, (1,)))
        with pytest.raises(TaskRefusedError, match="'same' is in flight"):
            pool.submit(Task("same", functions.double, (2,)))
        assert [c.value for c in pool.wait()] == [2]
        pool.submit(Task("same", functions.double, (3,)))
        assert [c.value for c in pool.wait()] == [6]

    def test_stop_forgets_and_the_pool_lives_on(self, pool: Pool) -> None:
        for number in range(5):
            pool.submit(Task(str(number), functions.hang))
        pool.stop()
        assert pool.wait() == []
        (done,) = run_all(pool, [Task("0", functions.double, (8,))])
        assert done.value == 16
