"""Mutations: the paper's changes one node; the others change the layer and stay in the space."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from search_spaces.canonical import canonical, digest
from search_spaces.edits import EDITS
from search_spaces.graph import Graph, Node
from search_spaces.mutation import (
    PAPER_MUTATION,
    VARIED_MUTATION,
    Mutant,
    MutationWeights,
    mutate,
    mutate_by_weight,
)
from search_spaces.primitives import MOMENTS
from search_spaces.sampling import sample
from search_spaces.space import SearchSpace, get_space
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from search_spaces.zoo import zoo_graph

SPACE = get_space("evonorm-b")


def parents(count: int) -> list[Graph]:
    return [sample(SPACE, np.random.default_rng(seed)) for seed in range(count)]


def test_the_papers_mutation_redraws_one_node() -> None:
    rng = np.random.default_rng(0)
    changed = Counter[int]()
    for graph in parents(400):
        mutant = mutate(graph, SPACE, rng)
        different = [
            i for i, (a, b) in enumerate(zip(graph.nodes, mutant.nodes, strict=True)) if a != b
        ]
        assert len(different) <= 1
        changed.update(different)
    assert set(changed) == set(range(10))


def test_the_papers_mutation_reaches_every_primitive_and_input() -> None:
    rng = np.random.default_rng(1)
    graph = Graph(("x", "v0"), (Node("neg", (0,)), Node("add", (0, 2))))
    space = SearchSpace("tiny", ("x", "v0"), ("neg", "add"), 2)
    found = {mutate(graph, space, rng) for _ in range(2000)}
    # Each node alone: 2 + 4 and 3 + 9 ways; the graph itself is among both.
    assert len(found) == (2 + 4) + (3 + 9) - 1


@pytest.mark.parametrize("name", [*EDITS, "redraw"])
def test_each_mutation_changes_the_layer_and_stays_in_the_space(name: str) -> None:
    rng = np.random.default_rng(2)
    weights = MutationWeights(**{"redraw": 0.0, name: 1.0})
    unchanged = 0
    graphs = parents(60)
    for graph, donor in zip(graphs, reversed(graphs), strict=True):
        made = mutate_by_weight(graph, SPACE, rng, weights, donor)
        mutant = made.graph
        assert made.kinds == ((name,) if digest(mutant) != digest(graph) else ())
        unchanged += digest(mutant) == digest(graph)
        assert mutant.initial == SPACE.initial
        assert len(mutant.nodes) == SPACE.num_nodes
        assert {node.op for node in mutant.nodes} <= set(SPACE.primitives)
    assert unchanged <= (50 if name == "swap" else 20)


@pytest.mark.parametrize("name", [*EDITS, "redraw"])
def test_a_mutation_that_leaves_the_canonical_form_is_drawn_again(name: str) -> None:
    """Wherever one of 300 single draws changes the layer, the mutant differs from its parent."""
    weights = MutationWeights(**{"redraw": 0.0, name: 1.0})
    kept = 0
    graphs = parents(41)
    for seed, (graph, donor) in enumerate(pairwise(graphs)):
        rng = np.random.default_rng((6, seed))
        draws = [once(name, graph, donor, rng) for _ in range(300)]
        changes = [found for found in draws if found not in (None, digest(graph))]
        kept += len(changes) < sum(found is not None for found in draws)
        if len(changes) > 30:  # so that 100 draws in vain are out of the question
            mutant = mutate_by_weight(graph, SPACE, rng, weights, donor)
            assert digest(mutant.graph) != digest(graph)
            assert mutant.kinds == (name,)
    assert kept >= (0 if name in ("swap", "moment") else 1)  # some had to be drawn again


def once(name: str, graph: Graph, donor: Graph, rng: np.random.Generator) -> str | None:
    """The digest after one draw of a mutation, None if it does not apply."""
    if name == "redraw":
        return digest(mutate(graph, SPACE, rng))
    mutant = EDITS[name](graph, SPACE, rng, donor)
    return None if mutant is None else digest(mutant)


def texts(graph: str, name: str, donor: str | None = None, count: int = 300) -> set[str]:
    """What an edit makes of a graph, in canonical form."""
    rng = np.random.default_rng(3)
    source = parse(graph)
    found = set()
    for _ in range(count):
        mutant = EDITS[name](source, SPACE, rng, parse(donor) if donor else source)
        if mutant is not None:
            found.add(format_graph(canonical(mutant)))
    return found


def test_what_each_edit_can_make() -> None:
    assert texts("x / exp(v1)", "swap") == {"exp(v1) / x"}
    assert texts("x + exp(v1)", "swap") == set()
    assert texts("tanh(exp(x))", "delete") == {"exp(x)", "tanh(x)"}
    assert texts("x / exp(v1)", "delete") == {"x / v1", "exp(v1)"}
    assert texts("x / std[s](x)", "moment") == {
        *(f"x / std[{axes}](x)" for axes in ("bs", "sc", "sg")),
        *(f"x / {kind}[s](x)" for kind in ("mean", "rms")),
    }
    assert texts("tanh(x)", "moment") == set()
    assert texts("tanh(x)", "rewire") == {"tanh(x)", "tanh(v0)", "tanh(v1)", "0"}
    assert texts("x / v1", "graft", "max(exp(x), v0)") == {
        *("exp(x) / v1", "x / exp(x)", "max(v0, exp(x)) / v1", "x / max(v0, exp(x))")
    }
    inserted = texts("tanh(x)", "insert", count=3000)
    assert {"tanh(exp(x))", "exp(tanh(x))", "tanh(v0 + x)", "std[s](tanh(x))"} <= {
        text.replace("x + v0", "v0 + x") for text in inserted
    }


@pytest.mark.parametrize("name", ["insert", "moment"])
def test_edits_honour_requirements_on_moments(name: str) -> None:
    space = get_space("universal").requiring(("causal",))
    source = parse("x / rms[c](x)")
    rng = np.random.default_rng(7)
    found = set()
    for _ in range(300):
        mutant = EDITS[name](source, space, rng, source)
        if mutant is not None:
            found |= {node.op for _, node in mutant.active_nodes() if node.op in MOMENTS}
    assert {"rms[g]", "std[c]"} <= found
    assert {MOMENTS[op][1] for op in found} == {"c", "g"}


def test_graphs_that_leave_no_room_are_not_enlarged() -> None:
    space = SearchSpace("small", ("x",), ("tanh", "exp"), 2)
    graph = Graph(("x",), (Node("tanh", (0,)), Node("exp", (1,))))
    rng = np.random.default_rng(4)
    assert EDITS["insert"](graph, space, rng, graph) is None
    only_insert = MutationWeights(redraw=0.0, insert=1.0)
    assert mutate_by_weight(graph, space, rng, only_insert) == Mutant(graph, ())


def test_zoo_layers_with_other_initial_nodes_can_be_parents() -> None:
    rng = np.random.default_rng(5)
    for name in ("GELU", "DyT", "Derf", "EvoNorm-B1"):
        graph = zoo_graph(name)
        mutant = mutate_by_weight(graph, SPACE, rng, VARIED_MUTATION, zoo_graph("BN-ReLU")).graph
        assert digest(mutant) != digest(graph)
        assert Graph.from_json(mutant.to_json()) == mutant


def test_mutations_are_a_function_of_the_generator() -> None:
    graph, donor = parents(2)
    first, second = (
        mutate_by_weight(graph, SPACE, np.random.default_rng(9), VARIED_MUTATION, donor)
        for _ in range(2)
    )
    assert first == second
    assert first.graph != graph


def test_weights_are_checked() -> None:
    assert [f.name for f in fields(MutationWeights)] == ["redraw", *EDITS]
    assert MutationWeights(1.0) == PAPER_MUTATION
    with pytest.raises(ValueError, match="a mutation weight must be above 0"):
        MutationWeights(redraw=0.0)
    with pytest.raises(ValueError, match="mutation weights must be numbers from 0 up"):
        MutationWeights(swap=-1.0)
    with pytest.raises(ValueError, match="mutation weights must be numbers from 0 up"):
        MutationWeights(swap=float("nan"))
