"""A real search on Ray that is killed again and again, beside one that nobody disturbs.

    python -m tests.benchmarks.kills [--kills 20] [--budget 500] [--workers 2] [--folder DIR]

Both histories are compared row by row, and evaluations are counted. The driver notes an evaluation
as finished as soon as its pool hands it over, before anything is done with it; a worker notes when
it has computed one. So `lost` are those that the driver had and the database has not after a kill,
`paid twice` those that the driver got again, and `ended unheard` those that a worker finished
while its driver died: their answers never arrived, and they are computed again.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from evonas.config import RunConfig, load_config
from evonas.evolution import Stop, run_search
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.benchmarks.noting_pool import NotingPool, noted
from workers.pools.ray_pool import RayPool
from workers.verdict import Verdict

RUN = "r"
# An evaluation takes some tens of milliseconds, a third of the layers fails, and the space is so
# small that slots under way often draw equal layers.
SETTINGS = (
    "seed=5",
    "max_minutes=60",
    "time_limit=60",
    "baselines=[]",
    'space={name="few", initial=["x", "0", "v0", "v1"], num_nodes=5, primitives=["add", "mul", '
    '"div", "max", "abs", "tanh", "sigmoid", "std[bs]", "rms[sg]", "rms[bs]"]}',
    "evolution.lag=12",
    "evolution.window=24",
    "evolution.max_attempts=300",
    'evaluation.anchors=[{name="resnet", learning_rate=0.3, network={stem=4, widths=[4], '
    "depths=[1], strides=[2]}}]",
    "evaluation.groups=2",
    "evaluation.data.size=8",
    "evaluation.data.train=64",
    "evaluation.data.validation=32",
    "evaluation.training.steps=6",
    "evaluation.training.batch=8",
    "evaluation.training.warmup=2",
    "evaluation.quality.step=2",
    "evaluation.quality.factor=0.35",
    "evaluation.stability.steps=4",
    "evaluation.stability.first_steps=2",
    "evaluation.stability.batch=4",
    "evaluation.stability.threshold=10",
)
# What the undisturbed history must hold for the comparison to mean something.
LEAST = {"scored": 50, "low quality": 10, "unstable": 10, "bred": 20, "duplicates in flight": 1}


def settings(budget: int, further: Sequence[str] = ()) -> RunConfig:
    """The settings of the run."""
    return load_config("quick", None, (*SETTINGS, f"budget={budget}", *further))


def start(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    """Go on with the run in a process that can be killed."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.kills"]
    command += ["--go-on", "--folder", str(folder), "--workers", str(workers)]
    return subprocess.Popen(command, start_new_session=True)


def go_on(folder: Path, workers: int) -> None:
    """Resume the run in this process, to its end."""
    with (
        ResultsDB.open(f"sqlite:///{folder}/run.db") as db,
        NotingPool(RayPool(workers), folder / "notes") as pool,
    ):
        run_search(db, RUN, pool, report=lambda progress: None, stop=Stop())


def disturbed(folder: Path, kills: int, workers: int, rng: np.random.Generator) -> Counter[str]:
    """Run to the end through so many kills; what was lost, killed, and when."""
    counts: Counter[str] = Counter()
    with ResultsDB.open(f"sqlite:///{folder}/run.db") as db:
        budget = db.run(RUN).budget or 0
        # The last tenth is left to the last start, so that every kill hits a run under way.
        for target in sorted(rng.integers(0, 9 * budget // 10, size=kills).tolist()):
            running = start(folder, workers)
            pause = time.monotonic() + 2 * rng.random()
            while db.count(RUN) < target or time.monotonic() < pause:
                if running.poll() is not None:
                    raise RuntimeError(f"the run ended by itself at {db.count(RUN)} candidates")
                time.sleep(0.001 + 0.05 * rng.random())
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            received = noted(folder / "notes", "received")
            counts["kills"] += 1
            counts["lost"] += len(received.keys() - db.find_evaluations(list(received)).keys())
            print(f"kill {counts['kills']} at {db.count(RUN)} candidates", flush=True)
        if start(folder, workers).wait() != 0:
            raise RuntimeError("the last start did not end well")
    return counts


def new_run(folder: Path, config: RunConfig) -> None:
    """Make the database and the run in it."""
    folder.mkdir(parents=True)
    with ResultsDB.open(f"sqlite:///{folder}/run.db") as db:
        db.create_run(RUN, config.seed, config.to_dict(), budget=config.budget)


def rows(folder: Path) -> list[CandidateRecord]:
    """The history."""
    with ResultsDB.open(f"sqlite:///{folder}/run.db") as db:
        return list(db.candidates(RUN))


def contents(history: list[CandidateRecord]) -> dict[str, int]:
    """What a history holds, in the words of LEAST."""
    verdicts = Counter(row.verdict for row in history)
    return {
        "scored": verdicts[Verdict.SCORED],
        "low quality": verdicts[Verdict.LOW_QUALITY],
        "unstable": verdicts[Verdict.UNSTABLE],
        "bred": sum(row.parent is not None for row in history),
        "duplicates in flight": verdicts[Verdict.DUPLICATE],
    }


def compare(folder: Path, kills: int, budget: int, workers: int) -> bool:
    """Run both searches and print what was found; whether all is as it should be."""
    calm, killed = folder / "calm", folder / "killed"
    config = settings(budget)
    for place in (calm, killed):
        new_run(place, config)
    began = time.monotonic()
    if start(calm, workers=1).wait() != 0:
        raise RuntimeError("the undisturbed run did not end well")
    middle = time.monotonic()
    counts = disturbed(killed, kills, workers, np.random.default_rng(int(time.time())))
    ended = time.monotonic()
    expected, found = rows(calm), rows(killed)
    held = contents(expected)
    pairs = zip_longest(expected, found)
    differ = sum(a is None or b is None or a.history_row() != b.history_row() for a, b in pairs)
    received, computed = (noted(killed / "notes", what) for what in ("received", "computed"))
    twice = sum(times - 1 for times in received.values())
    print(f"undisturbed, 1 worker: {len(expected)} candidates in {middle - began:.0f} s; {held}")
    print(f"killed, {workers} workers: {counts['kills']} kills, {ended - middle:.0f} s")
    print(f"rows that differ: {differ}")
    print(f"evaluations paid: {received.total()}, of different layers: {len(received)}")
    print(f"the undisturbed run paid: {noted(calm / 'notes', 'received').total()}")
    print(f"lost after they were finished: {counts['lost']}; paid twice: {twice}")
    print(f"ended unheard: {computed.total() - received.total()}")
    enough = all(held[what] >= least for what, least in LEAST.items())
    return enough and differ == 0 and counts["lost"] == 0 and twice == 0


def main() -> None:
    """Runs both searches, or goes on with one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--budget", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--go-on", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.go_on:
        go_on(options.folder, options.workers)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not compare(folder, options.kills, options.budget, options.workers):
            sys.exit("the two are not the same, or the history holds too little")


if __name__ == "__main__":
    main()
