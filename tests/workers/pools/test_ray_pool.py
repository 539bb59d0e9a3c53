"""What only processes can promise: limits that kill, failures that are retried, many at once."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.workers.pools import functions
from tests.workers.pools.test_contract import run_all
from workers.pools import ClusterNotFound, NotEnoughCpus, Task, WorkerStartError
from workers.pools.ray_pool import RayPool
from workers.verdict import Verdict


def pid_of(worker: str) -> int:
    return int(worker.rsplit(":", 1)[1])


def wait_until_gone(pid: int, seconds: float = 30.0) -> None:
    """Returns when the process has ended; raises psutil.TimeoutExpired otherwise."""
    try:
        psutil.Process(pid).wait(seconds)
    except psutil.NoSuchProcess:
        return


def test_workers_run_at_the_same_time(ray_pool: RayPool, tmp_path: Path) -> None:
    path = str(tmp_path / "pids")
    ended = run_all(ray_pool, [Task(n, functions.meet, (path, 2)) for n in "ab"])
    assert ended[0].value == ended[1].value
    assert len(set(ended[0].value or ())) == 2
    assert os.getpid() not in (ended[0].value or ())


def test_one_torch_thread_a_worker(ray_pool: RayPool) -> None:
    (done,) = run_all(ray_pool, [Task("threads", functions.threads)])
    assert done.value == (1, "1", "1")


def test_wait_comes_back_at_its_timeout(ray_pool: RayPool, tmp_path: Path) -> None:
    ray_pool.submit(Task("a", functions.hang))
    cpu = time.process_time()
    assert ray_pool.wait(timeout=0.5) == []
    assert time.process_time() - cpu < 0.25  # sleeps, does not spin
    ray_pool.stop()


@pytest.mark.parametrize("function", [functions.hang, functions.hang_in_c])
def test_time_limit_kills_the_process(function: Callable[[], None], ray_pool: RayPool) -> None:
    ray_pool._retries = 0
    try:
        (done,) = run_all(ray_pool, [Task("slow", function, timeout=0.3)])
    finally:
        ray_pool._retries = 1
    assert done.failure is Verdict.TIMEOUT
    assert "0.3 s" in done.message
    assert 0.3 <= done.seconds < 5
    wait_until_gone(pid_of(done.worker))
    assert run_all(ray_pool, [Task("next", functions.double, (2,))])[0].value == 4


def test_time_limit_is_retried_in_a_fresh_process(ray_pool: RayPool, tmp_path: Path) -> None:
    path = tmp_path / "pids"
    task = Task("slow", functions.write_pid_and_hang, (str(path),), timeout=0.3)
    (done,) = run_all(ray_pool, [task])
    assert done.failure is Verdict.TIMEOUT
    first, second = (int(line) for line in path.read_text().split())
    assert first != second == pid_of(done.worker)
    assert done.seconds >= 0.6


def test_death_is_retried_in_a_fresh_process(ray_pool: RayPool, tmp_path: Path) -> None:
    path = tmp_path / "pids"
    (done,) = run_all(ray_pool, [Task("frail", functions.die_once, (str(path),))])
    assert done.value == "alive"
    assert path.read_text().split() != [str(pid_of(done.worker))]


def test_death_again_is_a_crash(ray_pool: RayPool) -> None:
    (done,) = run_all(ray_pool, [Task("frail", functions.die)])
    assert (done.failure, done.value) == (Verdict.CRASH, None)
    assert done.message


def test_value_that_cannot_travel_is_a_crash(ray_pool: RayPool) -> None:
    (done,) = run_all(ray_pool, [Task("odd", functions.give_unpicklable)])
    assert done.failure is Verdict.CRASH
    assert "lambda" in done.message


def test_close_ends_the_workers_and_leaves_a_ray_that_it_did_not_start(ray_pool: RayPool) -> None:
    ray_pool.stop()  # idle workers keep their CPUs, so end them first
    for slot in ray_pool._slots:
        slot.kill()
    with RayPool(1, memory_limit=3 * 2**30, retries=0) as other:
        small, large = run_all(
            other, [Task(str(size), functions.allocate, (size,)) for size in (0.25, 4)]
        )
        assert small.value == 2**28
        assert large.failure is Verdict.OUT_OF_MEMORY
        (done,) = run_all(other, [Task("who", functions.double, (1,))])
    wait_until_gone(pid_of(done.worker))
    assert run_all(ray_pool, [Task("still", functions.double, (2,))])[0].value == 4


def test_worker_that_never_starts_is_an_error(ray_pool: RayPool) -> None:
    for slot in ray_pool._slots:
        slot.kill()
    with RayPool(1, memory_limit=-5) as broken:
        broken.submit(Task("never", functions.double, (1,)))
        with pytest.raises(WorkerStartError, match=r"3 times in a row(.|\n)*limit"):
            broken.wait()


def test_more_workers_than_cpus_is_an_error_at_once(ray_pool: RayPool) -> None:
    with pytest.raises(NotEnoughCpus, match=r"64 workers .* at most 2 workers"):
        RayPool(64)


def test_no_workers_is_an_error() -> None:
    with pytest.raises(ValueError, match=re.escape("workers is 0")):
        RayPool(0)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
        ("ray://here:10001", "ray://, are not supported"),
        ("nonsense", "give 'auto' or host:port"),
    ],
)
def test_no_cluster_is_an_error(address: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(ClusterNotFound, match=re.escape(says)):
        RayPool(1, address=address)
