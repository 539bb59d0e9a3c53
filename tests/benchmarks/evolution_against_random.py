"""Does evolution find better layers than luck does, and than what is known?

    python -m tests.benchmarks.evolution_against_random --seeds 101,102,103,104,105 --budget 400

For each space and seed two searches of equal budgets, by evolution and by random search, behind the
same screens and protocols; then a rerank of the best of each. Prints who wins, and how often the
best layer found is significantly better or worse than each baseline on each anchor. Everything is
stored in FOLDER/<space>.db: the same command goes on where it was stopped, and one with more seeds
adds them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.cli.running import open_pool
from evonas.config import RunConfig, load_config
from evonas.evolution import Stop, run_search
from evonas.intervals import Interval, interval
from evonas.measuring import Outcome
from evonas.paired import paired_t
from evonas.rerank_setup import set_up
from evonas.reranking import RerankPlan, rerank
from evonas.runs import create, may_go_on
from evonas.standings import Standing, anchors_of, best, comparisons
from evonas.trials import Trial
from results_db.records import RerankRecord
from results_db.store import ResultsDB
from workers.pools.base import Pool

STRATEGIES = ("evolution", "random")


@dataclass(frozen=True, slots=True)
class Found:
    """The rerank of one search, and its best layer, None if there is none."""

    record: RerankRecord | None
    best: Standing | None

    @property
    def by_seed(self) -> list[float]:
        """Test accuracy of the best layer, mean over the anchors, for each seed of the rerank."""
        if self.best is None:
            return []
        results = self.best.layer.results.values()
        return [sum(tests) / len(tests) for tests in zip(*(r.test for r in results), strict=True)]


@dataclass(frozen=True, slots=True)
class Study:
    """What is run, by the options of the command."""

    options: argparse.Namespace
    db: ResultsDB
    pool: Pool
    space: str

    def found(self, strategy: str, seed: int) -> Found:
        """Search and rerank; what is stored is not done again."""
        name = f"{strategy}-{seed}"
        self._search(name, self._config(strategy, seed))
        if not self.db.top(name, 1):
            return Found(None, None)
        given = self.options
        setup = set_up(
            self.db,
            name,
            top=given.top,
            preset=given.rerank_preset,
            overrides=given.rerank_set,
            anchors=[a for a in given.anchors.split(",") if a],
        )
        rates = tuple(map(float, given.rates.split(",")))
        plan = RerankPlan(given.test_seeds, given.rate_seeds, rates)
        done = rerank(self.db, setup, plan, self.pool, lambda *of: self._say(name, *of))
        if done.failures:
            sys.exit(f"{name}: {done.failures[0]}; the same command tries again")
        return Found(done.record, best(done.record))

    def _config(self, strategy: str, seed: int) -> RunConfig:
        given = self.options
        settings = (
            *given.set,
            f"space={self.space}",
            f"seed={seed}",
            f"budget={given.budget}",
            f"evolution.strategy={strategy}",
        )
        config = load_config(given.preset, overrides=settings)
        return config.model_copy(update={"max_minutes": None})

    def _search(self, name: str, config: RunConfig) -> None:
        if not may_go_on(self.db, name, config):
            create(self.db, name, config)
        if self.db.count(name) >= config.budget:
            return
        print(f"{self.space} {name}: searching", file=sys.stderr)
        state = run_search(self.db, name, self.pool, report=lambda _: None, stop=Stop())
        if state != "finished":
            sys.exit(f"{name} ended as {state}; the same command goes on")

    def _say(self, name: str, trial: Trial, outcome: Outcome, done: int, total: int) -> None:
        if done == total or done % 50 == 0:
            half = "tests" if trial.tested else "rates"
            print(f"{self.space} {name}: {half} {done} of {total}", file=sys.stderr)


def difference(one: Found, other: Found) -> tuple[Interval | None, float]:
    """Of the best layers, mean over the anchors, paired over the seeds of the rerank; and its p."""
    if one.best is None or other.best is None:
        return None, 1.0
    values = [a - b for a, b in zip(one.by_seed, other.by_seed, strict=True)]
    return interval(values), paired_t(values)


def winner(evolved: Found, drawn: Found) -> str:
    """Whose best layer tests better; none at all is worse than any. Equal ones win nothing."""
    found, _ = difference(evolved, drawn)
    ahead = (evolved.best is not None) - (drawn.best is not None) if found is None else found.mean
    return "evolution" if ahead > 0 else "random" if ahead < 0 else "neither"


def against_baselines(found: Sequence[Found]) -> Iterator[str]:
    """For each baseline and anchor: how often the best layer is better, worse, neither."""
    counts: Counter[tuple[str, str, str]] = Counter()
    places: dict[tuple[str, str], None] = {}
    for each in found:
        if each.record is None or each.best is None:
            continue
        for c in comparisons(each.record):
            if c.layer == each.best.layer:
                says = "better" if c.is_better else "worse" if c.is_worse else "neither"
                counts[c.reference.name, c.anchor, says] += 1
                places[c.reference.name, c.anchor] = None
    yield f"  {'baseline':14}{'anchor':14}{'better':>8}{'worse':>8}{'neither':>9}"
    for name, anchor in places:
        better, worse, neither = (counts[name, anchor, s] for s in ("better", "worse", "neither"))
        yield f"  {name:14}{anchor:14}{better:8}{worse:8}{neither:9}"


def report(space: str, seeds: Sequence[int], found: dict[str, list[Found]]) -> None:
    """Print what came of a space."""
    print(f"\n{space}: test accuracy of the best layer by validation, mean over the anchors")
    head = f"  {'seed':>6}{'evolution':>18}{'random':>18}{'difference':>18}{'p':>8}  winner"
    print(head)
    won: Counter[str] = Counter()
    for place, seed in enumerate(seeds):
        evolved, drawn = (found[strategy][place] for strategy in STRATEGIES)
        won[winner(evolved, drawn)] += 1
        apart, p = difference(evolved, drawn)
        cells = [each.best.mean if each.best else None for each in (evolved, drawn)]
        texts = ["none" if cell is None else str(cell) for cell in (*cells, apart)]
        line = f"  {seed:6}" + "".join(f"{text:>18}" for text in texts)
        print(f"{line}{p:8.3f}  {winner(evolved, drawn)}")
    print(f"  evolution wins {won['evolution']} of {len(seeds)}, random {won['random']}")
    for strategy in STRATEGIES:
        print(f"\n{space}, {strategy}: its best layer against each baseline, significant or not")
        for line in against_baselines(found[strategy]):
            print(line)
        for seed, each in zip(seeds, found[strategy], strict=True):
            if each.record is not None and each.best is not None:
                count = len(comparisons(each.record))
                print(f"  {seed}: {each.best.layer.text}   ({count} comparisons, Holm)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    add = parser.add_argument
    add("--seeds", default="101,102,103,104,105", help="of the searches, none of development")
    add("--spaces", default="evonorm-s,evonorm-b")
    add("--budget", type=int, default=400, help="candidates of each search")
    add("--preset", default="quick", help="of the searches")
    add("--set", action="append", default=[], metavar="a.b=c", help="a setting of the searches")
    add("--rerank-preset", default="small")
    add("--rerank-set", action="append", default=[], metavar="a.b=c")
    add("--anchors", default="", help="of the rerank; those of its preset if not given")
    add("--top", type=int, default=3, help="layers of each search that are reranked")
    add("--test-seeds", type=int, default=5)
    add("--rate-seeds", type=int, default=2)
    add("--rates", default="0.3,1,3")
    add("--folder", type=Path, default=Path("evolution_against_random"))
    add("--workers", type=int, default=None, help="worker processes; 0: none")
    given = parser.parse_args(arguments)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    given.folder.mkdir(parents=True, exist_ok=True)
    with open_pool(given.workers, None, lambda *_: None) as pool:
        for space in given.spaces.split(","):
            with ResultsDB.open(f"sqlite:///{given.folder / space}.db") as db:
                study = Study(given, db, pool, space)
                found = {s: [study.found(s, seed) for seed in seeds] for s in STRATEGIES}
            report(space, seeds, found)
    anchors = {a for each in found.values() for f in each if f.record for a in anchors_of(f.record)}
    print(f"\nanchors of the reranks: {', '.join(sorted(anchors)) or 'none'}")


if __name__ == "__main__":
    main()
