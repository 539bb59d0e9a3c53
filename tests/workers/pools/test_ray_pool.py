"""What only processes can promise: limits that kill, failures that are retried, many at once."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from tests.workers.pools import functions
from tests.workers.pools.test_contract import run_all
from workers.pools import (
    ClusterNotFoundError,
    NotEnoughCpusError,
    Task,
    WorkerStartError,
    ray_cluster,
)
from workers.pools import ray_pool as ray_pool_module
from workers.pools.ray_pool import RayPool
from workers.verdict import Verdict

psutil: Any = pytest.importorskip("psutil")  # comes with ray


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


def test_wait_comes_back_at_its_timeout(ray_pool: RayPool) -> None:
    ray_pool.submit(Task("a", functions.hang))
    cpu = time.process_time()
    assert ray_pool.wait(timeout=0.5) == []
    assert time.process_time() - cpu < 0.25  # sleeps, does not spin
    ray_pool.stop()


@pytest.fixture
def retrying(ray_pool: RayPool) -> Iterator[RayPool]:
    """The shared pool, with the one retry that is the default."""
    ray_pool.retries = 1
    yield ray_pool
    ray_pool.retries = 0


def test_time_limit_kills_the_process(ray_pool: RayPool) -> None:
    kinds = [functions.hang, functions.hang_in_c]
    ended = run_all(ray_pool, [Task(kind.__name__, kind, timeout=0.3) for kind in kinds])
    assert [done.failure for done in ended] == [Verdict.TIMEOUT] * 2
    for done in ended:
        assert "0.3 s" in done.message
        assert 0.3 <= done.seconds < 5
        wait_until_gone(pid_of(done.worker))


def test_failures_of_the_machine_are_retried_in_a_fresh_process(
    retrying: RayPool, tmp_path: Path
) -> None:
    slow, frail = tmp_path / "slow", tmp_path / "frail"
    tasks = [
        Task("slow", functions.write_pid_and_hang, (str(slow),), timeout=0.3),
        Task("frail", functions.die_once, (str(frail),)),
    ]
    ended = {done.task_id: done for done in run_all(retrying, tasks)}
    assert ended["slow"].failure is Verdict.TIMEOUT
    assert ended["slow"].seconds >= 0.6
    first, second = (int(line) for line in slow.read_text().split())
    assert first != second == pid_of(ended["slow"].worker)
    assert ended["frail"].value == "alive"
    assert int(frail.read_text()) != pid_of(ended["frail"].worker)


def test_exception_of_the_function_is_not_retried(retrying: RayPool, tmp_path: Path) -> None:
    path = tmp_path / "pids"
    (done,) = run_all(retrying, [Task("bad", functions.write_pid_and_fail, (str(path),))])
    assert done.failure is Verdict.CRASH
    assert len(path.read_text().split()) == 1


def test_death_is_a_crash(ray_pool: RayPool) -> None:
    (done,) = run_all(ray_pool, [Task("frail", functions.die)])
    assert (done.failure, done.value) == (Verdict.CRASH, None)
    assert done.message


def test_value_that_cannot_travel_is_a_crash(ray_pool: RayPool) -> None:
    (done,) = run_all(ray_pool, [Task("odd", functions.give_unpicklable)])
    assert done.failure is Verdict.CRASH
    assert "lambda" in done.message


def test_more_workers_than_cpus_is_an_error_at_once(ray_pool: RayPool) -> None:
    with pytest.raises(NotEnoughCpusError, match=r"64 workers .* at most 2 workers"):
        RayPool(64)


def test_no_workers_is_an_error() -> None:
    with pytest.raises(ValueError, match=re.escape("workers is 0")):
        RayPool(0)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
        ("ray://here:10001", "ray://, are not supported"),
        ("auto", "no Ray cluster answers at '127.0.0.1:2'"),
        ("nonsense", "give 'auto' or host:port"),
    ],
)
def test_no_cluster_is_an_error(address: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:2")
    with pytest.raises(ClusterNotFoundError, match=re.escape(says)):
        RayPool(1, address=address)


@pytest.fixture
def free_cpus(ray_pool: RayPool) -> None:
    """Ends the shared pool's workers, idle ones too, so that another pool finds CPUs."""
    ray_pool.stop()
    for slot in ray_pool._slots:
        slot.kill()


class Broken:
    """A worker that cannot start."""

    def __init__(self) -> None:
        raise OSError("no torch here")

    def name(self) -> str:
        raise AssertionError


@pytest.mark.usefixtures("free_cpus")
def test_worker_that_never_starts_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    actor: Any = ray.remote(num_cpus=1)(Broken)
    monkeypatch.setattr(ray_cluster, "worker_starter", lambda limit, preload: actor.remote)
    with RayPool(1) as pool:
        pool.submit(Task("never", functions.double, (1,)))
        with pytest.raises(WorkerStartError, match=r"3 times in a row(.|\n)*no torch here"):
            pool.wait()


class Holder:
    """Something else on the cluster that holds CPUs."""

    def hold(self) -> None:
        """Returns once it holds them."""


@pytest.mark.usefixtures("free_cpus")
def test_missing_cpus_are_logged_memory_is_capped_and_close_leaves_the_ray_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_pool_module, "STALL_SECONDS", 0.2)
    holder: Any = ray.remote(num_cpus=2)(Holder).remote()
    ray.get(holder.hold.remote())
    with RayPool(1, memory_limit=3 * 2**30, retries=0, preload=()) as pool:
        for size in (0.25, 4.0):
            pool.submit(Task(f"{size} GiB", functions.allocate, (size,)))
        assert pool.wait(timeout=0.5) == []
        assert "still waiting for 1 of 1 workers" in caplog.text
        ray.kill(holder)
        (small,), (large,) = pool.wait(), pool.wait()
        assert small.value == 2**28
        assert large.failure is Verdict.OUT_OF_MEMORY
        pool.submit(Task("more", functions.hang))
    wait_until_gone(pid_of(large.worker))
    assert ray.is_initialized()
