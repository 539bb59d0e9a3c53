"""Proposing a candidate: draw, simplify, screen, attempt after attempt, until a graph passes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from search_spaces.canonical import canonical_and_digest
from search_spaces.canonical import digest as digest_of
from search_spaces.graph import Graph
from search_spaces.layer import plain_layer_class
from search_spaces.mutation import PAPER_MUTATION, MutationWeights, mutate, mutate_by_weight
from search_spaces.requirements import unmet_by
from search_spaces.sampling import sample
from search_spaces.space import SearchSpace
from search_spaces.text_printer import format_graph
from workers.audit import AUDITED_CHECKS, Refusal, is_followed
from workers.fingerprint import Fingerprint, fingerprint
from workers.screening import ScreeningConfig, screen
from workers.threads import one_thread


@dataclass(frozen=True, slots=True)
class ProposalTask:
    """Slot and attempts to make; `parent_json` None asks for fresh random graphs, else for mutants
    of it.

    `mutations`: how many times a mutant is mutated; 0: the parent itself is proposed. `weights`: by
    which kinds; those of the paper alone mean the paper's mutation as it is, which may leave the
    layer as it was. Grafts come from the graph `donor_json`, or from the parent itself.
    `audit_share`: of the layers that screens refuse, which are handed back, to be followed.
    """

    run_seed: int
    slot: int
    first_attempt: int
    max_attempts: int
    space: SearchSpace
    screening: ScreeningConfig
    parent_json: str | None
    mutations: int = 2
    weights: MutationWeights = PAPER_MUTATION
    donor_json: str | None = None
    audit_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """The first attempt that passed, with the graph as drawn; `graph_json` None if none did.

    `attempt`: the number of the attempt that passed, or of the last one; `refused`: how many of
    this task's attempts fell at each check; `grafted`: whether a piece of the donor is in it;
    `followed`: the refused layers that the audit follows, each once.
    """

    slot: int
    attempt: int
    graph_json: str | None
    digest: str | None
    text: str  # of the canonical form
    fingerprint: Fingerprint
    refused: dict[str, int]
    seconds: float
    grafted: bool = False
    followed: tuple[Refusal, ...] = ()


def propose(task: ProposalTask) -> Proposal:
    """Make attempts `first_attempt` .. `max_attempts - 1`; each is a function of (run seed, slot,
    attempt) alone.
    """
    with one_thread():
        return _propose(task)


def _propose(task: ProposalTask) -> Proposal:
    start = time.perf_counter()
    parent = None if task.parent_json is None else Graph.from_json(task.parent_json)
    # A mutant that is its parent again would pass every screen and then prove a duplicate.
    parent_digest = None if parent is None else digest_of(parent)
    refused: Counter[str] = Counter()
    followed: dict[str, Refusal] = {}
    for attempt in range(task.first_attempt, task.max_attempts):
        rng = np.random.default_rng((task.run_seed, task.slot, attempt))
        graph, grafted = draw(parent, task, rng)
        simplified, digest = canonical_and_digest(graph)
        same = digest == parent_digest and task.mutations > 0
        failed = "duplicate" if same else screened(simplified, task.space, task.screening, digest)
        if failed is None:
            return Proposal(
                task.slot,
                attempt,
                graph.to_json(),
                digest,
                format_graph(simplified),
                fingerprint(plain_layer_class(simplified, digest)),
                dict(refused),
                time.perf_counter() - start,
                grafted,
                tuple(followed.values()),
            )
        refused[failed] += 1
        if _is_audited(simplified, digest, failed, task):
            refusal = Refusal(digest, failed, graph.to_json(), format_graph(simplified))
            followed.setdefault(digest, refusal)
    return Proposal(
        task.slot,
        task.max_attempts - 1,
        None,
        None,
        "",
        (),
        dict(refused),
        time.perf_counter() - start,
        followed=tuple(followed.values()),
    )


def _is_audited(graph: Graph, digest: str, failed: str, task: ProposalTask) -> bool:
    """Whether the audit follows a refused layer; one that the run must not find, it never does."""
    return (
        failed in AUDITED_CHECKS
        and is_followed(digest, task.audit_share)
        and unmet_by(graph, task.space.requirements) is None
    )


# Attempts of one run repeat each other: a quarter of random graphs, more of the mutants.
screened = lru_cache(maxsize=8192)(screen)


def draw(parent: Graph | None, task: ProposalTask, rng: np.random.Generator) -> tuple[Graph, bool]:
    """A fresh graph or a mutant of `parent`, and whether a piece of the donor is in it."""
    if parent is None:
        return sample(task.space, rng), False
    if task.weights != PAPER_MUTATION:
        donor = None if task.donor_json is None else Graph.from_json(task.donor_json)
        mutant = mutate_by_weight(parent, task.space, rng, task.weights, donor, task.mutations)
        return mutant.graph, donor is not None and "graft" in mutant.kinds
    graph = parent
    for _ in range(task.mutations):
        graph = mutate(graph, task.space, rng)
    return graph, False
