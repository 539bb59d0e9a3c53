"""What only the serial pool promises."""

import os

import pytest

from tests.workers.pools import functions
from workers.pools import PoolClosedError, Task
from workers.pools.serial import SerialPool


def test_first_in_first_out_one_a_wait_in_this_process() -> None:
    with SerialPool() as pool:
        for number in range(3):
            pool.submit(Task(str(number), functions.double, (number,)))
        ended = [pool.wait(timeout=0.0) for _ in range(4)]
    assert [[c.task_id for c in batch] for batch in ended] == [["0"], ["1"], ["2"], []]
    assert ended[0][0].worker.endswith(f":{os.getpid()}")


def test_closed_takes_no_task() -> None:
    pool = SerialPool()
    pool.close()
    pool.close()
    with pytest.raises(PoolClosedError, match="open a new one"):
        pool.submit(Task("late", functions.double, (1,)))
