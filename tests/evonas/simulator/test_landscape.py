"""The landscape: what it states about scores, noise and mutations."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from evonas.simulator.landscape import Landscape, Scale, normals, patterns
from search_spaces.canonical import canonical
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
def landscape() -> Landscape:
    return Landscape(3).centred(random_graphs(400, seed=0))


def test_patterns_of_a_layer() -> None:
    near, far = patterns(canonical(parse("x * sigmoid(v1 * x) / std[sg](x)")))
    assert "sigmoid(mul)" in near
    assert "mul(v1,x)" in near
    assert "sigmoid(mul(v1,x))" in far
    assert "std[sg](x)" in far
    assert len(near) == len(far) == 5


def test_equal_layers_are_worth_the_same(landscape: Landscape) -> None:
    one, other = parse("x * sigmoid(v1 * x)"), parse("sigmoid(x * v1) * x")
    assert landscape.truth(canonical(one)) == landscape.truth(canonical(other))


def test_another_seed_is_another_landscape(landscape: Landscape) -> None:
    graph = canonical(parse("x * sigmoid(v1 * x)"))
    assert landscape.truth(graph).scores != replace(landscape, seed=4).truth(graph).scores


def test_shares_of_verdicts_are_as_stated(landscape: Landscape) -> None:
    verdicts = [landscape.truth(graph).verdict for graph in random_graphs(1500, seed=1)]
    shares = {verdict: verdicts.count(verdict) / len(verdicts) for verdict in Verdict}
    assert shares[Verdict.UNSTABLE] == pytest.approx(landscape.unstable, abs=0.05)
    # Of the stable ones, a tenth passes.
    assert shares[Verdict.SCORED] == pytest.approx(0.089, abs=0.05)


def test_anchors_agree_as_stated(landscape: Landscape) -> None:
    truths = [landscape.truth(graph) for graph in random_graphs(1500, seed=1)]
    scores = np.array([[t.scores[anchor] for anchor in landscape.anchors] for t in truths])
    agreements = np.corrcoef(scores.T)[np.triu_indices(3, 1)]
    assert agreements == pytest.approx(landscape.agreement, abs=0.15)


def test_a_mutant_is_like_its_parent_and_less_so_on_rugged_ground() -> None:
    rng = np.random.default_rng(5)
    parents = [sample(SPACE, rng) for _ in range(600)]
    pairs = [(canonical(p), canonical(mutate(mutate(p, SPACE, rng), SPACE, rng))) for p in parents]
    changed = [(one, other) for one, other in pairs if one != other]

    def likeness(seed: int, ruggedness: float) -> float:
        ground = Landscape(seed, ruggedness=ruggedness)
        means = [[fmean(ground.truth(g).scores.values()) for g in pair] for pair in changed]
        return float(np.corrcoef(np.array(means).T)[0, 1])

    smooth, rugged = (fmean(likeness(seed, r) for seed in range(4)) for r in (0.0, 1.0))
    assert smooth > rugged + 0.03
    assert rugged > 0.15


def test_noise_is_drawn_anew_for_every_seed_and_anchor(landscape: Landscape) -> None:
    drawn = [
        landscape.noisy(0.5, f"layer {i}", anchor, seed) - 0.5
        for i in range(500)
        for anchor in landscape.anchors
        for seed in (0, 1)
    ]
    assert np.std(drawn) == pytest.approx(landscape.noise, rel=0.1)
    assert np.mean(drawn) == pytest.approx(0.0, abs=0.01)
    assert len(set(drawn)) == len(drawn)
    assert landscape.noisy(0.5, "a", "vit", 2) == landscape.noisy(0.5, "a", "vit", 2)
    assert 0.0 <= landscape.noisy(0.0, "a", "vit", 0) <= landscape.noisy(1.0, "a", "vit", 0) <= 1.0


def test_normals_are_standard_normal() -> None:
    drawn = np.array([normals(f"text {i}", 6) for i in range(3000)])
    assert drawn.mean(0) == pytest.approx(0.0, abs=0.1)
    assert np.cov(drawn.T) == pytest.approx(np.eye(6), abs=0.1)


def test_an_anchor_s_accuracy_rises_between_its_bounds() -> None:
    scale = Scale(middle=0.0, slope=0.5)
    accuracies = [scale.accuracy(trait) for trait in (-30.0, -1.0, 0.0, 1.0, 30.0)]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] == pytest.approx(scale.low, abs=1e-3)
    assert accuracies[2] == pytest.approx((scale.low + scale.high) / 2)
    assert accuracies[-1] == pytest.approx(scale.high, abs=1e-3)
