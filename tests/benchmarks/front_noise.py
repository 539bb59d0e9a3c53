"""What further seeds are worth, among simulated layers whose true scores are known.

`python -m tests.benchmarks.front_noise` prints two tables. First, pools of 40 layers that lie a
noise apart: of what is called better the share that is not so, of the true front the share left
out, of the front shown the share that is beaten in truth. Second, whole searches with the settings
of evolution of the preset `quick` and 1,000 candidates, further seeds among them: the true
mean score of the layer shown first, and of the best one drawn. A fresh layer's true score is normal
(mean 0.45, deviation 0.1, anchors apart by 0.03), a child's its parent's plus a step (deviation
0.03, downhill by 0.03 on average); an evaluation adds the noise between seeds, 0.05.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evonas.config import load_config
from evonas.config_sections import EvolutionConfig
from evonas.front import Front, best_of
from evonas.population import Member, Population
from evonas.selection import choose_ancestors, choose_repeat
from results_db.records import SCORED, CandidateRecord

ANCHORS = ("a", "b", "c")
NOISE = 0.05
BUDGET = 1000
_SETTINGS = ((1, 0.1), (3, 0.1), (3, 0.2), (5, 0.1), (5, 0.2), (5, 0.4))

Values = NDArray[np.float64]


def row(number: int, scores: Values, of: int | None = None) -> CandidateRecord:
    """A scored candidate, or a further evaluation of the candidate `of`."""
    named = dict(zip(ANCHORS, scores.tolist(), strict=True))
    return CandidateRecord(number=number, verdict=SCORED, graph_json="", scores=named, repeat_of=of)


def dominates(truth: Values) -> NDArray[np.bool_]:
    """Whether layer i dominates layer j in truth, layers x layers."""
    i, j = truth[:, None], truth[None]
    found: NDArray[np.bool_] = (i >= j).all(axis=2) & (i > j).any(axis=2)
    return found


def pool(seed: int, seeds: int) -> tuple[Front, Values]:
    """40 layers about a noise apart, each evaluated so often, and their true scores."""
    rng = np.random.default_rng(seed)
    truth = 0.6 + 0.05 * rng.standard_normal((40, 1)) + 0.02 * rng.standard_normal((40, 3))
    draws = truth + NOISE * rng.standard_normal((seeds, 40, 3))
    rows = [row(i, scores) for i, scores in enumerate(draws[0])]
    again = [row(40 * k + i, draws[k, i], i) for k in range(1, seeds) for i in range(40)]
    return best_of(rows, again), truth


@dataclass(frozen=True, slots=True)
class Shares:
    """wrong: of what is called better; left_out: of the true front; beaten: of the front shown."""

    wrong: float
    left_out: float
    beaten: float


def shares(seeds: int, pools: int) -> Shares:
    """Over so many pools of layers."""
    sums: Counter[str] = Counter()
    for seed in range(pools):
        found, truth = pool(seed, seeds)
        is_so = dominates(truth)
        belongs, shown = ~is_so.any(axis=0), ~found.better.any(axis=0)
        sums["wrong"] += int((found.better & ~is_so).sum())
        sums["claims"] += int(found.better.sum())
        sums["left out"] += int((belongs & ~shown).sum())
        sums["belong"] += int(belongs.sum())
        sums["beaten"] += int((shown & ~belongs).sum())
        sums["shown"] += int(shown.sum())
    return Shares(
        sums["wrong"] / sums["claims"],
        sums["left out"] / sums["belong"],
        sums["beaten"] / sums["shown"],
    )


def search(config: EvolutionConfig, seed: int, budget: int = BUDGET) -> tuple[float, float]:
    """The true means of the layer shown first, and of the best one drawn."""
    rng = np.random.default_rng(seed)
    population = Population(config.window, config.lag)
    truth: dict[int, Values] = {}
    asked: Counter[int] = Counter()
    rows: list[CandidateRecord] = []
    for slot in range(budget):
        if slot >= config.lag:
            population.take(rows[slot - config.lag])
        window = population.window()
        repeat = choose_repeat(slot, window, asked, config, seed)
        of = None if repeat is None else repeat[0].number
        if of is None:
            first = next(choose_ancestors(slot, window, config, seed))
            truth[slot] = _true(first.parent, truth, rng)
        else:
            asked[of] += 1
        scores = truth[slot if of is None else of] + NOISE * rng.standard_normal(len(ANCHORS))
        rows.append(row(slot, scores, of))
    return _shown_first(rows, truth), max(float(value.mean()) for value in truth.values())


def _true(parent: Member | None, truth: dict[int, Values], rng: np.random.Generator) -> Values:
    apart = 0.03 * rng.standard_normal(len(ANCHORS))
    if parent is None:
        fresh: Values = 0.45 + 0.1 * rng.standard_normal() + apart
        return fresh
    return truth[parent.number] - 0.03 + 0.03 * rng.standard_normal() + apart / 2


def _shown_first(rows: list[CandidateRecord], truth: dict[int, Values]) -> float:
    """As `evonas top` ranks: by the mean over the seeds."""
    scores: dict[int, list[float]] = {number: [] for number in truth}
    for one in rows:
        number = one.number if one.repeat_of is None else one.repeat_of
        scores[number].append(one.mean_score or 0.0)
    first = max(scores, key=lambda number: float(np.mean(scores[number])))
    return float(truth[first].mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    print("pools   seeds  called better wrongly  left out  shown but beaten")
    for seeds in (1, 2, 3, 5):
        found = shares(seeds, runs)
        print(f"{seeds:13}{found.wrong:23.3f}{found.left_out:10.3f}{found.beaten:18.3f}")
    print("\nsearches  seeds  share  shown first         best drawn")
    for seeds, share in _SETTINGS:
        further = (f"evolution.seeds={seeds}", f"evolution.seeds_share={share}")
        config = load_config("quick", overrides=further).evolution
        values = np.array([search(config, seed) for seed in range(runs)])
        error = values.std(axis=0, ddof=1) / np.sqrt(runs)
        cells = "   ".join(
            f"{mean:.4f} +- {e:.4f}" for mean, e in zip(values.mean(axis=0), error, strict=True)
        )
        print(f"{seeds:15}{share if seeds > 1 else 0:7.1f}  {cells}", flush=True)


if __name__ == "__main__":
    main()
