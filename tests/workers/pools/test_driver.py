"""A pool in a program of its own: whose modules the workers import, Ctrl-C, kill -9, its output."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

psutil: Any = pytest.importorskip("psutil")  # comes with ray

ROOT = Path(__file__).parents[3]
OURS = [
    name
    for name in ("evonas", "results_db", "search_spaces", "workers")
    if (ROOT / name / "__init__.py").is_file()
]


class Driver:
    """The running program."""

    def __init__(self, folder: Path) -> None:
        """Starts it among folders that have our packages' names, next to it and where it runs."""
        script = folder / "script" / "driver.py"
        self.error_file = folder / "stderr"
        for place in (script.parent, folder / "cwd"):
            for name in OURS:
                (place / name).mkdir(parents=True)
                (place / name / "__init__.py").write_text(f"raise ImportError('not our {name}')\n")
        shutil.copy(Path(__file__).with_name("driver.py"), script)
        environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
        with self.error_file.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(script), str(ROOT)],
                cwd=folder / "cwd",
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def begin(self, function: str, *args: object) -> None:
        assert self.process.stdin is not None
        print(json.dumps([function, args]), file=self.process.stdin, flush=True)

    def answer(self) -> list[Any]:
        """Returns value, failure and worker of the oldest call; fails on any other output."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.error_file.read_text()
        answer: list[Any] = json.loads(line)
        return answer

    def call(self, function: str, *args: object) -> list[Any]:
        self.begin(function, *args)
        return self.answer()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    driver = Driver(tmp_path_factory.mktemp("driver"))
    yield driver
    if driver.process.poll() is None:
        os.killpg(driver.process.pid, signal.SIGKILL)
    driver.process.communicate()


def test_workers_import_our_packages_and_not_folders_of_the_same_name(driver: Driver) -> None:
    found = {name: driver.call("pkgutil:resolve_name", f"{name}:__file__")[0] for name in OURS}
    assert found == {name: str(ROOT / name / "__init__.py") for name in OURS}


def test_death_of_a_worker_is_silent(driver: Driver) -> None:
    value, failure, _ = driver.call("os:_exit", 7)
    assert (value, failure) == (None, "crash")
    assert driver.call("math:sqrt", 4)[0] == 2.0
    assert driver.error_file.read_text() == ""


def test_interrupt_leaves_the_workers_running(driver: Driver, tmp_path: Path) -> None:
    worker = driver.call("math:sqrt", 4)[2]
    processes = psutil.Process(driver.process.pid).children(recursive=True)
    assert int(worker.rsplit(":", 1)[1]) in {process.pid for process in processes}
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    driver.begin("subprocess:getoutput", f"cat {pipe}")
    with pipe.open("w") as writer:  # opens when the task reads it
        os.killpg(driver.process.pid, signal.SIGINT)
        for process in processes:
            process.send_signal(signal.SIGINT)
        writer.write("drained")
    assert driver.answer() == ["drained", None, worker]
    assert driver.call("interrupts")[0] >= 1
    assert driver.error_file.read_text() == ""


def test_kill_ends_the_workers_too(driver: Driver, tmp_path: Path) -> None:
    """Ray's two agents, which are idle, follow within about a minute."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    driver.begin("builtins:open", str(pipe))
    with pipe.open("w"):  # the task runs
        processes = psutil.Process(driver.process.pid).children(recursive=True)
        processes = [process for process in processes if "Agent" not in process.name()]
        assert {"raylet", "gcs_server"} <= {process.name() for process in processes}
        driver.process.kill()
        _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
