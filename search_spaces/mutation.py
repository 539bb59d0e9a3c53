"""Mutations: the paper's, which redraws one node, and others, drawn by weight."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from search_spaces.canonical import digest
from search_spaces.edits import EDITS
from search_spaces.graph import Graph
from search_spaces.sampling import random_node
from search_spaces.space import SearchSpace

_MAX_DRAWS = 100


@dataclass(frozen=True, slots=True)
class MutationWeights:
    """How often each kind of mutation is drawn, relative to the others.

    redraw: a node gets a new primitive and inputs, all uniform (the paper's mutation). insert,
    delete: a node goes between a value and its use, or leaves. rewire: an input is taken from
    elsewhere. swap: the inputs of a division or difference change places. moment: another kind or
    index set. graft: a piece of another parent takes the place of an input.
    Raises ValueError if a weight is negative or all are 0.
    """

    redraw: float = 1.0
    insert: float = 0.0
    delete: float = 0.0
    rewire: float = 0.0
    swap: float = 0.0
    moment: float = 0.0
    graft: float = 0.0

    def __post_init__(self) -> None:
        weights = {field.name: getattr(self, field.name) for field in fields(self)}
        if not all(0 <= weight < float("inf") for weight in weights.values()):
            raise ValueError(f"mutation weights must be numbers from 0 up, given {weights}")
        if not any(weights.values()):
            raise ValueError(f"a mutation weight must be above 0, given {weights}")


PAPER_MUTATION = MutationWeights()
# Of every kind; small steps more often than large ones.
VARIED_MUTATION = MutationWeights(
    redraw=2.0, insert=2.0, delete=1.0, rewire=2.0, swap=0.5, moment=2.0, graft=1.0
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutated graph, and the kinds of the mutations that made it, in order."""

    graph: Graph
    kinds: tuple[str, ...]


def mutate(graph: Graph, space: SearchSpace, rng: np.random.Generator) -> Graph:
    """The graph with one node redrawn; it may be a dead one, so that nothing active changes.

    Source: Liu et al. (2020), evolution.
    """
    i = int(rng.integers(len(graph.nodes)))
    node = random_node(space, len(graph.initial) + i, rng)
    return Graph(graph.initial, (*graph.nodes[:i], node, *graph.nodes[i + 1 :]))


def mutate_by_weight(
    graph: Graph,
    space: SearchSpace,
    rng: np.random.Generator,
    weights: MutationWeights,
    donor: Graph | None = None,
    times: int = 1,
) -> Mutant:
    """The graph after so many mutations, each of which changes the canonical form.

    `donor`: where a graft comes from, the graph itself if None. A mutation that does not apply, has
    no place in the space's number of nodes or leads back to the canonical form of a graph that came
    before is drawn again; after 100 such draws the graph stays as it is.
    """
    names = [field.name for field in fields(weights)]
    chances = np.cumsum([getattr(weights, name) for name in names])
    seen = {digest(graph)}
    made: list[str] = []
    for _ in range(times):
        for _ in range(_MAX_DRAWS):
            name = names[int(np.searchsorted(chances, rng.random() * chances[-1], side="right"))]
            if name == "redraw":
                mutant: Graph | None = mutate(graph, space, rng) if graph.nodes else None
            else:
                mutant = EDITS[name](graph, space, rng, donor or graph)
            if mutant is not None and (found := digest(mutant)) not in seen:
                seen.add(found)
                graph = mutant
                made.append(name)
                break
    return Mutant(graph, tuple(made))
