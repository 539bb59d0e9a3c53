"""Commits, resume and queries of a long run, with an evaluator that costs nothing.

    python -m tests.benchmarks.results_db_scale [--rows 1000000] [--url sqlite:///...] [--batch 100]

Prints a table. Without --url, a SQLite file in the working directory is made and deleted.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from results_db import SCORED, CandidateRecord, EvaluationRecord, ResultsDB

RUN = "scale"
WINDOW = 2500
GRAPH = '{"schema":1,"initial":["x","0","v0","v1"],"nodes":[' + ",".join(
    f'{{"op":"sigmoid","inputs":[{i}]}}' for i in range(14)
) + "]}"  # fmt: skip


def candidates(first: int, count: int) -> Iterator[CandidateRecord]:
    """Candidates as a run makes them: a third scored, a graph of 500 bytes."""
    for number in range(first, first + count):
        rng = random.Random(number)
        scored = number % 3 == 0
        yield CandidateRecord(
            number=number,
            parent=number - 300 if number > 300 else None,
            verdict=SCORED if scored else "low_quality",
            reason="" if scored else "accuracy 0.12 at step 60 on mobilenet, threshold 0.21",
            graph_json=GRAPH,
            digest=f"c1-{rng.getrandbits(128):032x}",
            text="x * sigmoid(v1 * x) / std[sg](x)",
            scores={a: rng.randrange(1025) / 1024 for a in ("resnet", "mobilenet", "vit")}
            if scored
            else {},
            attempts=780,
            refused={"structure": 500, "probe": 250, "stack": 28},
            fingerprint=tuple(rng.random() for _ in range(24)),
            seconds=12.5,
            worker="ray-worker-1",
            class_sha256="ab" * 32,
        )


def main() -> None:
    """Runs all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--url")
    parser.add_argument("--read-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read_only:
        read(options.url)
        return
    with tempfile.TemporaryDirectory(dir=".") as directory:
        url = options.url or f"sqlite:///{directory}/scale.db"
        write(url, options.rows, options.batch)
        # A process of its own: its memory is that of a driver that resumes, not of one that wrote.
        command = (sys.executable, "-m", "tests.benchmarks.results_db_scale")
        subprocess.run([*command, "--read-only", "--url", url], check=True)
        if not options.url:
            size = os.path.getsize(f"{directory}/scale.db")
            print(f"| size of the file | {size / 1e6:,.0f} MB |")


def write(url: str, rows: int, batch: int) -> None:
    """Commits the rows; prints the rate while the history grows."""
    print("| figure | measured |\n|---|---|")
    with ResultsDB.open(url) as db:
        db.create_run(RUN, 1, {})
        with db.writer(RUN) as writer:
            marks = [mark for mark in (1000, 10_000, 100_000, 250_000, 500_000) if mark < rows]
            for low, high in zip([0, *marks], [*marks, rows], strict=True):
                spent = 0.0
                for first in range(low, high, batch):
                    records = list(candidates(first, min(batch, high - first)))
                    began = time.perf_counter()
                    writer.commit(records)
                    spent += time.perf_counter() - began
                rate = (high - low) / spent
                which = f"rows {low:,} to {high:,}, {batch} at a time"
                print(f"| commits a second, {which} | {rate:,.0f} |", flush=True)
            began = time.perf_counter()
            for record in candidates(rows, 200):
                writer.commit([record])
            print(
                f"| commits a second, one at a time | {200 / (time.perf_counter() - began):,.0f} |"
            )
            began = time.perf_counter()
            for i in range(200):
                key = f"{random.Random(i).getrandbits(256):064x}"
                writer.store_evaluation(EvaluationRecord(key=key, digest="c1-0", verdict=SCORED))
            rate = 200 / (time.perf_counter() - began)
            print(f"| evaluations stored a second | {rate:,.0f} |")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| memory of the writing driver | {peak:,.0f} MB |", flush=True)


def read(url: str) -> None:
    """Times what a resuming driver and the reading commands ask for."""
    with ResultsDB.open(url, create=False) as db:
        last = db.count(RUN) - 1
        measure("take the writer's lease", lambda: db.writer(RUN).close())
        measure(f"window of {WINDOW}", lambda: db.window(RUN, last=last, size=WINDOW))
        measure("top 20", lambda: db.top(RUN, 20))
        measure("pareto", lambda: db.pareto(RUN))
        measure("funnel", lambda: db.funnel(RUN))
        measure("funnel over time", lambda: db.funnel_over_time(RUN))
        measure("find_layer", lambda: db.find_layer("abcd"))
        measure("fingerprints of all", lambda: sum(1 for _ in db.fingerprints(RUN)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| memory of the resuming driver | {peak:,.0f} MB |", flush=True)


def measure(name: str, query: Callable[[], object]) -> None:
    """Prints how long the query took."""
    began = time.perf_counter()
    query()
    print(f"| {name} | {time.perf_counter() - began:.3f} s |", flush=True)


if __name__ == "__main__":
    main()
