"""The landscape: what it states about scores, noise and mutations."""

from __future__ import annotations

from operator import itemgetter
from statistics import fmean

import numpy as np
import pytest

from evonas.simulator.landscape import Landscape, Scale, Terrain
from search_spaces.canonical import canonical, digest
from search_spaces.graph import Graph
from search_spaces.mutation import mutate
from search_spaces.sampling import sample
from search_spaces.space import get_space
from search_spaces.text import parse
from workers.verdict import Verdict

SPACE = get_space("evonorm-b")


def random_graphs(count: int, seed: int) -> list[Graph]:
    rng = np.random.default_rng(seed)
    return [canonical(sample(SPACE, rng)) for _ in range(count)]


@pytest.fixture(scope="module")
def terrain() -> Terrain:
    return Terrain.over(Landscape(3), random_graphs(400, seed=0))


def test_equal_layers_are_worth_the_same(terrain: Terrain) -> None:
    one, other = parse("x * sigmoid(v1 * x)"), parse("sigmoid(x * v1) * x")
    assert terrain.truth(canonical(one)) == terrain.truth(canonical(other))


def test_another_seed_is_another_landscape(terrain: Terrain) -> None:
    graph = canonical(parse("x * sigmoid(v1 * x)"))
    assert (
        terrain.truth(graph).scores
        != Terrain.over(Landscape(4), random_graphs(400, seed=0)).truth(graph).scores
    )


def test_shares_of_verdicts_are_as_stated(terrain: Terrain) -> None:
    verdicts = [terrain.truth(graph).verdict for graph in random_graphs(1500, seed=1)]
    shares = {verdict: verdicts.count(verdict) / len(verdicts) for verdict in Verdict}
    assert shares[Verdict.UNSTABLE] == pytest.approx(terrain.landscape.unstable, abs=0.05)
    # Of the stable ones, a tenth passes.
    assert shares[Verdict.SCORED] == pytest.approx(0.089, abs=0.05)


def test_anchors_agree_as_stated(terrain: Terrain) -> None:
    truths = [terrain.truth(graph) for graph in random_graphs(1500, seed=1)]
    scores = np.array([[t.scores[anchor] for anchor in terrain.landscape.anchors] for t in truths])
    agreements = np.corrcoef(scores.T)[np.triu_indices(3, 1)]
    assert agreements == pytest.approx(terrain.landscape.agreement, abs=0.15)


def test_a_mutant_is_like_its_parent_and_less_so_on_rugged_ground() -> None:
    rng = np.random.default_rng(5)
    parents = [sample(SPACE, rng) for _ in range(600)]
    pairs = [(canonical(p), canonical(mutate(mutate(p, SPACE, rng), SPACE, rng))) for p in parents]
    changed = [(one, other) for one, other in pairs if one != other]

    def likeness(seed: int, ruggedness: float) -> float:
        ground = Terrain.over(Landscape(seed, ruggedness=ruggedness), map(itemgetter(0), changed))
        means = [[fmean(ground.truth(g).scores.values()) for g in pair] for pair in changed]
        return float(np.corrcoef(np.array(means).T)[0, 1])

    smooth, rugged = (fmean(likeness(seed, r) for seed in range(4)) for r in (0.0, 1.0))
    assert smooth > rugged + 0.03
    assert rugged > 0.1


def test_noise_is_drawn_anew_for_every_seed_and_anchor(terrain: Terrain) -> None:
    anchors, graphs = terrain.landscape.anchors, random_graphs(500, seed=2)
    drawn = np.array(
        [
            [
                terrain.noisy(0.5, graph, digest(graph), a, seed) - 0.5
                for a in anchors
                for seed in (0, 1)
            ]
            for graph in graphs
        ]
    )
    assert drawn.std(0) == pytest.approx(terrain.landscape.noise, rel=0.2)
    # Layers have patterns in common, so a seed may be a little kind to all of them.
    assert drawn.mean(0) == pytest.approx(0.0, abs=terrain.landscape.noise / 2)
    assert np.abs(np.corrcoef(drawn.T)[np.triu_indices(6, 1)]).max() < 0.2
    one = terrain.noisy(0.5, graphs[0], "a", "vit", 2)
    assert one == terrain.noisy(0.5, graphs[0], "a", "vit", 2)
    lowest, highest = (terrain.noisy(score, graphs[0], "a", "vit", 0) for score in (0.0, 1.0))
    assert 0.0 <= lowest <= highest <= 1.0


def test_noise_of_a_mutant_is_like_its_parent_s_on_the_same_seed(terrain: Terrain) -> None:
    rng = np.random.default_rng(5)
    parents = [sample(SPACE, rng) for _ in range(400)]
    pairs = [(canonical(p), canonical(mutate(p, SPACE, rng))) for p in parents]
    changed = [pair for pair in pairs if pair[0] != pair[1]]

    def likeness(seeds: tuple[int, int]) -> float:
        drawn = [
            [terrain.noisy(0.5, g, digest(g), "vit", s) for g, s in zip(pair, seeds, strict=True)]
            for pair in changed
        ]
        return float(np.corrcoef(np.array(drawn).T)[0, 1])

    assert likeness((0, 0)) > 0.3
    assert abs(likeness((0, 1))) < 0.2


def test_an_anchor_s_accuracy_rises_between_its_bounds() -> None:
    scale = Scale(middle=0.0, slope=0.5)
    accuracies = [scale.accuracy(trait) for trait in (-30.0, -1.0, 0.0, 1.0, 30.0)]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] == pytest.approx(scale.low, abs=1e-3)
    assert accuracies[2] == pytest.approx((scale.low + scale.high) / 2)
    assert accuracies[-1] == pytest.approx(scale.high, abs=1e-3)
