"""The search loop itself on a long history, with proposals and evaluations that cost nothing.

    python -m tests.benchmarks.driver_scale [--rows 1000000] [--workers 64] [--db FILE]

Prints two tables: candidates a second, resume and memory while the history grows, and the reading
commands. Each row is a process that resumes the run. Medians are over half seconds, so that another
program's burst of work does not count; the fixed loop tells how fast the machine was meanwhile.
With --db the file is kept, and a run in it goes on.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from evonas.config import RunConfig, config_from_dict, load_config
from evonas.driver import Driver
from evonas.evolution import Stop, run_search
from evonas.hardware import Hardware
from evonas.progress import Progress
from evonas.simulator.pool import VirtualPool
from results_db import ResultsDB, RunWriter
from search_spaces.sampling import sample
from search_spaces.space import get_space
from workers.evaluation import Evaluation, hardware_class
from workers.pools.base import Task
from workers.proposal import Proposal, ProposalTask
from workers.survey import Survey, survey
from workers.verdict import Verdict

RUN = "scale"
MARKS = (1_000, 10_000, 100_000, 250_000, 500_000)
HEADER = (
    "| candidates | a second (median) | without the pool | a second of processor | a second (mean) "
    "| a fixed loop | resume (its processor) | memory (before resume) |\n" + 8 * "|---" + "|"
)
SHORT = 10_000  # candidates of the run that the long one is compared with
COMMANDS = (["top"], ["pareto"], ["status"], ["runs"])


class InstantPool(VirtualPool):
    """Answers every task at the next `wait`. A tenth of the draws equals an earlier candidate."""

    seconds = processor = 0.0  # spent here, which a driver would not pay

    def __init__(self, workers: int) -> None:
        super().__init__(workers, self.timed_answer)

    def timed_answer(self, task: Task) -> tuple[Proposal | Evaluation | Survey, float]:
        """The answer, which takes no time on the pool's clock."""
        began, worked = time.perf_counter(), time.process_time()
        answered = answer(task)
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - worked
        return answered, 0.0


def answer(task: Task) -> Proposal | Evaluation | Survey:
    """What a worker might say, at once."""
    if task.function is survey:
        return Survey(hardware_class(), {})
    if not isinstance(task.args[0], ProposalTask):
        slot = int(task.id.partition(":")[2])
        if slot % 3:
            return Evaluation(Verdict.UNSTABLE, "gradient norm 3.2e+09", {}, 0.1, "ab" * 32)
        drawn = np.random.default_rng(slot).integers(1025, size=3) / 1024
        scores = dict(zip(("resnet", "mobilenet", "vit"), drawn.tolist(), strict=True))
        return Evaluation(Verdict.SCORED, "", scores, 0.1, "ab" * 32)
    asked = task.args[0]
    rng = np.random.default_rng((asked.run_seed, asked.slot, asked.first_attempt))
    if asked.slot > 100 and rng.random() < 0.1:
        rng = np.random.default_rng((asked.run_seed, int(rng.integers(asked.slot)), 0))
        rng.random()
    fingerprint = (*rng.standard_normal(48).tolist(), 0.0)
    digest = f"c1-{rng.integers(2**63):032x}"
    graph = graphs()[asked.slot % len(graphs())]
    refused = {"no path": 500, "probe": 250, "stack": 28}
    return Proposal(asked.slot, asked.first_attempt, graph, digest, "", fingerprint, refused, 0.1)


@cache
def graphs() -> tuple[str, ...]:
    """Some real graphs."""
    space = get_space("evonorm-b")
    return tuple(sample(space, np.random.default_rng(i)).to_json() for i in range(1000))


def settings(rows: int, workers: int) -> RunConfig:
    """A run of the paper's window."""
    evolution = (f"evolution.lag={4 * workers}", "evolution.window=2500")
    return load_config("quick", None, (f"budget={rows}", "baselines=[]", *evolution))


def main() -> None:
    """Runs all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--db")
    parser.add_argument("--go-on", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.go_on:
        go_on(f"sqlite:///{options.db}", options.go_on, options.workers)
        return
    print(HEADER)
    with tempfile.TemporaryDirectory(dir=".") as directory:
        file = Path(options.db or f"{directory}/scale.db")
        url = f"sqlite:///{file}"
        with ResultsDB.open(url) as db:
            config = settings(options.rows, options.workers)
            if RUN not in {run.name for run in db.runs()}:
                config = config.model_copy(update={"max_minutes": None})
                db.create_run(RUN, config.seed, config.to_dict(), budget=config.budget)
        for mark in (*(m for m in MARKS if m < options.rows), options.rows):
            command = [sys.executable, "-m", "tests.benchmarks.driver_scale", "--db", str(file)]
            command += ["--go-on", str(mark), "--workers", str(options.workers)]
            subprocess.run(command, check=True)
        start = f"sqlite:///{directory}/start.db"
        with ResultsDB.open(start) as db:
            db.create_run(RUN, config.seed, config.to_dict(), budget=1)
        print("\n| figure | measured |\n|---|---|")
        short = f"sqlite:///{directory}/short.db"
        with ResultsDB.open(short) as db:
            db.create_run(RUN, config.seed, config.to_dict(), budget=SHORT)
            run_search(
                db,
                RUN,
                InstantPool(options.workers),
                report=lambda progress: None,
                stop=Stop(),
            )
        by_turns(short, url, options.workers)
        for arguments in COMMANDS:
            print_time(arguments, url, start)
        print(f"| size of the file | {file.stat().st_size / 1e6:,.0f} MB |")


def go_on(url: str, rows: int, workers: int) -> None:
    """Resume the run in this process and go on to `rows` candidates."""
    pool = InstantPool(workers)
    graphs()
    at_start = peak()
    marks: list[Mark] = []
    loops: list[float] = []

    def report(progress: Progress) -> None:
        seconds, processor = time.perf_counter(), time.process_time()
        marks.append(
            Mark(progress.committed, seconds, seconds - pool.seconds, processor - pool.processor)
        )
        loops.append(time_loop())
        pool.seconds += time.perf_counter() - seconds
        pool.processor += time.process_time() - processor

    with ResultsDB.open(url) as db:
        before = db.count(RUN)
        if before >= rows:
            return
        db.set_budget(RUN, rows)
        began, worked = time.perf_counter(), time.process_time()
        run_search(db, RUN, pool, report=report, stop=Stop())
    resumed = f"{marks[0].seconds - began:.2f} s ({marks[0].processor - worked:.2f} s)"
    memory = f"{peak():,.0f} MB ({at_start:,.0f} MB)"
    rates = " | ".join(f"{rate:,.0f}" for rate in (*middle_rates(marks), mean_rate(marks)))
    loop = f"{1000 * median(loops):.1f} ms"
    print(f"| {before:,} to {rows:,} | {rates} | {loop} | {resumed} | {memory} |", flush=True)


def time_loop() -> float:
    """Seconds of processor that a fixed loop takes: the speed of the machine just now."""
    began, total = time.process_time(), 0
    for i in range(300_000):
        total += i * i
    return time.process_time() - began


class Mark(NamedTuple):
    """How far a run was at a time; `driver` and `processor` leave out the seconds of the pool."""

    committed: int
    seconds: float
    driver: float
    processor: float


def middle_rates(marks: list[Mark]) -> tuple[float, float, float]:
    """Candidates a second, of the driver, of its processor: medians over half seconds."""
    steps = [tuple(b - a for a, b in zip(*pair, strict=True)) for pair in pairwise(marks)]
    rates = [[step[0] / step[i] for step in steps if step[0]] for i in (1, 2, 3)]
    return median(rates[0]), median(rates[1]), median(rates[2])


def mean_rate(marks: list[Mark]) -> float:
    """Candidates a second from the first mark to the last, the pauses included."""
    return (marks[-1].committed - marks[0].committed) / (marks[-1].seconds - marks[0].seconds)


def by_turns(short: str, long: str, workers: int, rounds: int = 30) -> None:
    """Go on with a short run and a long one by turns, 400 candidates each; print the ratio.

    The machine's other work touches both alike, which it does not in the rows of the table.
    """
    with ResultsDB.open(short) as few, ResultsDB.open(long) as many:
        spent: list[list[tuple[float, float]]] = [[], []]
        with few.writer(RUN) as first, many.writer(RUN) as second:
            drivers = [driver(few, first, workers), driver(many, second, workers)]
            counts = [d.history.committed for d in drivers]
            for _ in range(rounds):
                for times, one in zip(spent, drivers, strict=True):
                    times.append(stretch(one, 400))
    for i, name in enumerate(("wall", "processor")):
        rates = [400 / median(times[i] for times in run) for run in spent]
        ratio = median(b[i] / a[i] for a, b in zip(*spent, strict=True))
        print(
            f"| by turns at {counts[0]:,} and at {counts[1]:,}: candidates a second of {name} "
            f"| {rates[0]:,.0f} and {rates[1]:,.0f}; the long run takes {ratio:.2f} times as long |"
        )


def driver(db: ResultsDB, writer: RunWriter, workers: int) -> Driver:
    """A driver that has no end in sight."""
    config = config_from_dict(db.run(RUN).config)
    hardware = Hardware(config.evaluation)
    return Driver(db, writer, RUN, config, 10**9, InstantPool(workers), hardware)


def stretch(one: Driver, candidates: int) -> tuple[float, float]:
    """Seconds, and of processor, without the pool, for each `candidates` that were committed."""
    pool = one.pool
    assert isinstance(pool, InstantPool)
    pool.seconds = pool.processor = 0.0
    before, began, worked = one.history.committed, time.perf_counter(), time.process_time()
    while (done := one.history.committed - before) < candidates:
        one.open_slots()
        one.submit()
        for completion in pool.wait():
            one.take(completion)
        one.commit()
    spent = (time.perf_counter() - began - pool.seconds, time.process_time() - worked)
    return spent[0] * candidates / done, (spent[1] - pool.processor) * candidates / done


def peak() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_time(arguments: list[str], url: str, start: str) -> None:
    """Time a command in a process of its own, beside the same one on an empty run."""
    times = []
    for database in (url, start):
        command = [sys.executable, "-m", "evonas.cli.app", *arguments, "--format", "json"]
        began = time.perf_counter()
        done = subprocess.run([*command, "--db", database], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
        json.loads(done.stdout)
    words = " ".join(arguments)
    print(f"| evonas {words} (on an empty run) | {times[0]:.2f} s ({times[1]:.2f} s) |", flush=True)


if __name__ == "__main__":
    main()
