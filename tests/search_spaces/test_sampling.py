"""Sampling: every draw is in its space, most are worth screening, every graph stays possible."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from search_spaces.canonical import canonical
from search_spaces.graph import Graph, Node
from search_spaces.primitives import MOMENTS, arity
from search_spaces.properties import structure
from search_spaces.requirements import unmet_by
from search_spaces.sampling import sample, sample_uniform
from search_spaces.space import SPACES, SearchSpace, get_space

TINY = SearchSpace("tiny", ("x",), ("neg", "add", "mean[bs]"), 2)


def every_graph(space: SearchSpace) -> set[Graph]:
    """All graphs of a small space."""
    base = len(space.initial)
    choices = [
        [
            Node(op, inputs)
            for op in space.primitives
            for inputs in product(range(base + i), repeat=arity(op))
        ]
        for i in range(space.num_nodes)
    ]
    return {Graph(space.initial, nodes) for nodes in product(*choices)}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("draw", [sample, sample_uniform])
def test_draws_are_in_their_space(name: str, draw: object) -> None:
    space = get_space(name)
    assert callable(draw)
    for seed in range(200):
        graph = draw(space, np.random.default_rng(seed))
        assert graph == draw(space, np.random.default_rng(seed))
        assert graph.initial == space.initial
        assert len(graph.nodes) == space.num_nodes
        assert {node.op for node in graph.nodes} <= set(space.primitives)


def test_every_graph_of_a_tiny_space_can_be_drawn_uniformly() -> None:
    rng = np.random.default_rng(1)
    graphs = every_graph(TINY)
    found = Counter(sample_uniform(TINY, rng) for _ in range(5_000))
    assert set(found) == graphs


@pytest.mark.parametrize("requirements", [(), ("batch-independent",)])
def test_every_graph_that_passes_keeps_a_positive_probability(
    requirements: tuple[str, ...],
) -> None:
    """Also those that meet a requirement only because a forbidden moment cancels or is not read."""
    space = replace(TINY, requirements=requirements)
    rng = np.random.default_rng(2)
    with_path = {graph for graph in every_graph(space) if structure(graph).elementwise_path}
    wanted = {graph for graph in with_path if unmet_by(canonical(graph), requirements) is None}
    found = {sample(space, rng) for _ in range(20_000)}
    assert 10 < len(wanted) <= len(with_path) < len(every_graph(space)) == 24
    assert wanted <= found <= with_path


@pytest.mark.parametrize("name", SPACES)
def test_at_least_half_of_the_draws_pass_the_structural_checks(name: str) -> None:
    space = get_space(name)
    rng = np.random.default_rng(3)
    passed = 0
    for _ in range(500):
        graph = canonical(sample(space, rng))
        passed += structure(graph).elementwise_path and not unmet_by(graph, space.requirements)
    assert passed >= 250


def test_most_draws_average_x() -> None:
    rng = np.random.default_rng(4)
    space = get_space("evonorm-b")
    averaging = 0
    for _ in range(300):
        graph = canonical(sample(space, rng))
        averaging += any(node.op in MOMENTS for node in graph.nodes)
    assert averaging >= 200


@pytest.mark.parametrize(
    ("name", "required", "least"),
    [
        ("evonorm-b", "batch-independent", 250),
        ("evonorm-b", "causal", 250),  # forbids all its moments
        ("universal", "causal", 250),
        ("universal", "scale-invariant", 25),
    ],
)
def test_requirements_are_honoured_by_construction_where_they_can(
    name: str, required: str, least: int
) -> None:
    space = get_space(name).requiring((required,))
    assert space.requiring((required,)) is space
    rng = np.random.default_rng(5)
    met = sum(not unmet_by(canonical(sample(space, rng)), (required,)) for _ in range(400))
    assert met >= least


def test_small_spaces() -> None:
    one = SearchSpace("one", ("x",), ("tanh",), 1)
    assert sample(one, np.random.default_rng(0)).nodes == (Node("tanh", (0,)),)
    unary = SearchSpace("unary", ("v0", "x"), ("neg", "exp", "std[s]"), 3)
    for seed in range(50):
        assert structure(sample(unary, np.random.default_rng(seed))).elementwise_path
