"""The virtual pool: a clock that only waiting moves."""

from __future__ import annotations

import pytest

from evonas.simulator.pool import VirtualPool
from workers.pools.base import Task


def task(name: str) -> Task:
    return Task(name, str)


@pytest.fixture
def pool() -> VirtualPool:
    """Two workers; a task takes as many seconds as its name says."""
    return VirtualPool(2, lambda task: (task.id.upper(), float(task.id.split()[0])))


def test_tasks_end_in_the_order_of_their_seconds(pool: VirtualPool) -> None:
    for name in ("5 a", "2 b"):
        pool.submit(task(name))
    (first,) = pool.wait()
    assert (first.task_id, first.value, first.seconds, pool.now) == ("2 b", "2 B", 2.0, 2.0)
    (second,) = pool.wait()
    assert (second.task_id, pool.now) == ("5 a", 5.0)
    assert pool.wait() == []


def test_what_ends_at_one_moment_is_handed_over_together(pool: VirtualPool) -> None:
    for name in ("3 a", "3 b"):
        pool.submit(task(name))
    assert [completion.task_id for completion in pool.wait()] == ["3 a", "3 b"]


def test_a_third_task_waits_for_a_free_worker(pool: VirtualPool) -> None:
    for name in ("4 a", "1 b", "2 c"):
        pool.submit(task(name))
    times = []
    while pool.in_flight:
        times += [(completion.task_id, pool.now) for completion in pool.wait()]
    assert times == [("1 b", 1.0), ("2 c", 3.0), ("4 a", 4.0)]
    assert pool.busy == 7.0


def test_a_stopped_pool_forgets_and_goes_on(pool: VirtualPool) -> None:
    for name in ("4 a", "1 b", "2 c"):
        pool.submit(task(name))
    pool.stop()
    assert pool.wait() == []
    pool.submit(task("2 d"))
    assert [completion.task_id for completion in pool.wait()] == ["2 d"]
    assert pool.busy == 2.0
