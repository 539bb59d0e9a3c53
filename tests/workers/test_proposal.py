"""Proposing: a function of (seed, slot, attempt), counted refusals, mutants near their parent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from search_spaces.canonical import canonical, digest
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.mutation import VARIED_MUTATION, MutationWeights, mutate
from search_spaces.space import get_space
from search_spaces.zoo import zoo_graph
from workers import screening
from workers.fingerprint import fingerprint
from workers.proposal import Proposal, ProposalTask, draw, propose
from workers.screening import ScreeningConfig, screen

TASK = ProposalTask(
    run_seed=1,
    slot=4,
    first_attempt=0,
    max_attempts=2000,
    space=get_space("evonorm-b"),
    screening=ScreeningConfig(),
    parent_json=None,
)


def outcome(proposal: Proposal) -> Proposal:
    return replace(proposal, seconds=0.0)


@pytest.fixture(scope="module")
def fresh() -> Proposal:
    return propose(TASK)


def test_a_proposal_passed_the_screens(fresh: Proposal) -> None:
    assert fresh.graph_json is not None
    graph = Graph.from_json(fresh.graph_json)
    assert screen(canonical(graph), TASK.space, TASK.screening) is None
    assert digest(graph) == fresh.digest
    assert fingerprint(layer_class(graph)) == fresh.fingerprint
    assert sum(fresh.refused.values()) == fresh.attempt
    assert len(graph.nodes) == TASK.space.num_nodes


def test_proposing_is_deterministic(fresh: Proposal) -> None:
    torch.manual_seed(99)
    assert outcome(propose(TASK)) == outcome(fresh)
    assert propose(replace(TASK, slot=5)).graph_json != fresh.graph_json


def test_attempts_may_be_split(fresh: Proposal) -> None:
    middle = fresh.attempt // 2
    first = propose(replace(TASK, max_attempts=middle))
    assert first.graph_json is None
    assert first.digest is None
    assert first.fingerprint == ()
    assert first.attempt == middle - 1
    rest = propose(replace(TASK, first_attempt=middle))
    assert rest.graph_json == fresh.graph_json
    refused = {
        name: first.refused.get(name, 0) + rest.refused.get(name, 0)
        for name in first.refused | rest.refused
    }
    assert refused == fresh.refused


def test_later_attempts_give_another_graph(fresh: Proposal) -> None:
    later = propose(replace(TASK, first_attempt=fresh.attempt + 1))
    assert later.attempt > fresh.attempt
    assert later.graph_json != fresh.graph_json


def test_mutants_keep_most_of_their_parent(fresh: Proposal) -> None:
    assert fresh.graph_json is not None
    parent = Graph.from_json(fresh.graph_json)
    mutant = propose(replace(TASK, slot=9, parent_json=fresh.graph_json))
    assert mutant.graph_json is not None
    graph = Graph.from_json(mutant.graph_json)
    changed = sum(a != b for a, b in zip(graph.nodes, parent.nodes, strict=True))
    assert changed <= TASK.mutations
    assert graph.initial == parent.initial


def test_threads_are_left_as_they_were() -> None:
    before = torch.get_num_threads()
    propose(replace(TASK, max_attempts=3))
    assert torch.get_num_threads() == before


def test_a_mutant_that_is_its_parent_again_is_a_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = zoo_graph("EvoNorm-S0").to_json()
    monkeypatch.setattr("workers.proposal.mutate", lambda graph, space, rng: graph)
    proposal = propose(replace(TASK, parent_json=parent, mutations=1, max_attempts=5))
    assert proposal.graph_json is None
    assert proposal.refused == {"duplicate": 5}


def test_a_layer_of_a_warm_start_is_proposed_as_it_is() -> None:
    parent = zoo_graph("EvoNorm-S0")
    proposal = propose(replace(TASK, parent_json=parent.to_json(), mutations=0, max_attempts=1))
    assert proposal.digest == digest(parent)
    assert proposal.refused == {}


def test_mutants_by_weight_differ_from_their_parent() -> None:
    parent, donor = zoo_graph("EvoNorm-B0"), zoo_graph("GN-SiLU")
    task = replace(
        TASK, parent_json=parent.to_json(), donor_json=donor.to_json(), weights=VARIED_MUTATION
    )
    mutant = propose(task)
    assert mutant.graph_json is not None
    assert mutant.digest != digest(parent)
    assert outcome(propose(task)) == outcome(mutant)


def test_a_proposal_tells_whether_it_was_grafted() -> None:
    parent, donor = zoo_graph("EvoNorm-B0").to_json(), zoo_graph("GN-SiLU").to_json()
    grafts = replace(TASK, parent_json=parent, weights=MutationWeights(redraw=0.0, graft=1.0))
    assert propose(replace(grafts, donor_json=donor)).grafted
    assert not propose(grafts).grafted  # of itself
    inserts = replace(grafts, donor_json=donor, weights=MutationWeights(redraw=0.0, insert=1.0))
    assert not propose(inserts).grafted


def test_the_paper_s_mutation_is_the_default() -> None:
    parent = zoo_graph("EvoNorm-B0")
    task = replace(TASK, parent_json=parent.to_json())
    rng = generator()
    expected = mutate(mutate(parent, TASK.space, rng), TASK.space, rng)
    assert draw(parent, task, generator()) == (expected, False)


def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def test_what_was_refused_is_not_probed_again(
    fresh: Proposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("probed")

    for name in ("probe_failure", "stack_failure"):
        monkeypatch.setattr(screening, name, refuse)
    assert outcome(propose(TASK)) == outcome(fresh)
    with pytest.raises(AssertionError, match="probed"):
        propose(replace(TASK, run_seed=12345))
