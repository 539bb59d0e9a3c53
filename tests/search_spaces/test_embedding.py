"""Known layers as graphs of a space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.canonical import digest
from search_spaces.embedding import check_member, embed
from search_spaces.errors import GraphError
from search_spaces.mutation import mutate
from search_spaces.space import get_space
from search_spaces.text import parse
from search_spaces.zoo import zoo_graph


@settings(deadline=None)
@given(
    name=st.sampled_from(["BN-ReLU", "BN-SiLU", "EvoNorm-B0", "EvoNorm-B2", "PowerNorm", "ReLU"]),
    seed=st.integers(0, 10**6),
)
def test_an_embedded_layer_is_the_same_layer_and_a_full_graph(name: str, seed: int) -> None:
    space = get_space("evonorm-b")
    graph = embed(zoo_graph(name), space, np.random.default_rng(seed))
    assert digest(graph) == digest(zoo_graph(name))
    assert graph.initial == space.initial
    assert len(graph.nodes) == space.num_nodes


def test_its_mutants_can_be_longer_than_it_is() -> None:
    space, rng = get_space("evonorm-b"), np.random.default_rng(0)
    graph = embed(zoo_graph("ReLU"), space, rng)
    longest = max(len(tuple(mutate(graph, space, rng).active_nodes())) for _ in range(200))
    assert longest >= 3


@pytest.mark.parametrize(
    ("name", "space", "message"),
    [
        ("GELU", "evonorm-b", r"GELU is no layer of the space 'evonorm-b': it uses erf, .*0\.5"),
        ("BCN", "evonorm-b", r"needs 12 nodes, and the space has 10; leave it out"),
        ("BN-ReLU", "evonorm-s", r"is not batch-independent, which is required"),
    ],
)
def test_a_layer_outside_the_space_is_refused(name: str, space: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        check_member(name, zoo_graph(name), get_space(space))


def test_a_layer_that_computes_nothing_is_none_of_a_space() -> None:
    with pytest.raises(GraphError, match="it computes nothing: its output is x itself"):
        embed(parse("x"), get_space("evonorm-b"), np.random.default_rng(0))
