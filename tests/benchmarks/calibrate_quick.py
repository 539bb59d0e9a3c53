"""Calibrate the quick settings: known layers on every anchor, over several seeds.

    python -m tests.benchmarks.calibrate_quick [--seeds 5] [--first-seed 0] [--layers BN-ReLU]

One row a layer and anchor: accuracy at the quality step (mean, least), score (mean, deviation
between seeds). After each layer its verdicts, the ascent steps it stayed bounded for (of twice
those of the protocol) and the processor seconds of a full score.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from evonas.config import load_config
from search_spaces.layer import layer_class
from tests.workers.layers import FAST_STARTERS, HOPELESS, NORMALIZED, REASONABLE, graph_of
from workers.course import Course
from workers.data import load_data
from workers.quality import quality_threshold
from workers.settings import EvaluationConfig
from workers.threads import one_thread


@dataclass(frozen=True, slots=True)
class Run:
    """One layer on one seed: first rejection ("scored" if none), and all numbers behind it."""

    verdict: str
    reason: str
    early: dict[str, float]
    scores: dict[str, float]
    bounded: int
    seconds: float


def run(name: str, config: EvaluationConfig, seed: int) -> Run:
    """Run every stage, whatever the verdicts, then the ascent to twice its length."""
    layer = partial(layer_class(graph_of(name)), groups=config.groups)
    course = Course(layer, config, seed)
    start = time.process_time()
    rejections = list(course.rejections())
    seconds = time.process_time() - start
    ascent = course.ascent
    bounded = 0
    if ascent is not None:
        if ascent.exploded is None:
            ascent.advance(2 * config.stability.steps)
        bounded = ascent.step
    verdict, reason = rejections[0] if rejections else ("scored", "")
    return Run(str(verdict), reason, course.early, course.scores, bounded, seconds)


def report(name: str, runs: Sequence[Run], config: EvaluationConfig) -> None:
    """Print one layer's rows."""
    for anchor in config.anchors:
        early = [r.early[anchor.name] for r in runs if anchor.name in r.early]
        scores = [r.scores[anchor.name] for r in runs if anchor.name in r.scores]
        quality = f"{statistics.mean(early):.2f} (>= {min(early):.2f})" if early else "diverged"
        score = "diverged"
        if scores:
            deviation = statistics.stdev(scores) if len(scores) > 1 else 0.0
            score = f"{statistics.mean(scores):.3f} +- {deviation:.3f}"
            score += f" ({len(scores)} of {len(runs)})" if len(scores) < len(runs) else ""
        print(f"{name:28s} {anchor.name:10s} {quality:15s} {score}")
    verdicts = ", ".join(f"{n} {v}" for v, n in Counter(r.verdict for r in runs).most_common())
    bounded = " ".join(str(r.bounded) for r in runs)
    seconds = statistics.mean(r.seconds for r in runs)
    reason = next((f"; e.g. {r.reason}" for r in runs if r.reason), "")
    print(f"{'':28s} {verdicts}; bounded for {bounded} steps; {seconds:.1f} s{reason}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--layers", nargs="*", default=None)
    arguments = parser.parse_args()
    config = load_config("quick").evaluation
    guess = load_data(config.data).guess
    print(f"quality threshold {quality_threshold(config.quality, guess):.3f}")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    names = arguments.layers or [*NORMALIZED, *FAST_STARTERS, *HOPELESS, *REASONABLE]
    with one_thread():
        run("BN-ReLU", config, 0)  # warms the process up: the first passes are slower
        for name in names:
            report(name, [run(name, config, seed) for seed in seeds], config)


if __name__ == "__main__":
    main()
