"""Edits between graphs, against every pairing of small ones."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.canonical import canonical
from search_spaces.edit_distance import edits, least_distance
from search_spaces.errors import GraphError
from search_spaces.graph import Graph
from search_spaces.primitives import COMMUTATIVE
from search_spaces.text import parse
from search_spaces.zoo import zoo_graph
from tests.support.graphs import random_graph

Slots = dict[tuple[object, object], Counter[int]]


def slots_of(graph: Graph) -> Slots:
    """How often each value is which input of which; the output is read by None."""
    found: Slots = {(graph.output, None): Counter([0])}
    for position, node in graph.active_nodes():
        for slot, source in enumerate(node.inputs):
            ordered = slot if node.op not in COMMUTATIVE else 0
            found.setdefault((source, position), Counter())[ordered] += 1
    return found


def label(graph: Graph, position: int) -> str:
    node = graph.node(position)
    return node.op if node else graph.initial[position]


def is_unordered(graph: Graph, user: object) -> bool:
    node = graph.node(user) if isinstance(user, int) else None
    return node is not None and node.op in COMMUTATIVE


def price(one: Graph, other: Graph, pairs: dict[int, int]) -> int:
    total = len(one.active()) + len(other.active()) - 2 * len(pairs)
    total += sum(label(one, i) != label(other, j) for i, j in pairs.items())
    before, after = slots_of(one), slots_of(other)
    for (source, user), slots in before.items():
        there = (
            pairs.get(source, "gone"),  # type: ignore[call-overload]
            None if user is None else pairs.get(user, "gone"),  # type: ignore[call-overload]
        )
        new = after.pop(there, Counter())
        if is_unordered(one, user) or is_unordered(other, there[1]):  # inputs have no places
            slots, new = Counter([0] * slots.total()), Counter([0] * new.total())
        total += max(slots.total(), new.total()) - (slots & new).total()
    return total + sum(slots.total() for slots in after.values())


def pairings(left: list[int], right: list[int]) -> list[dict[int, int]]:
    return [
        dict(zip(chosen, order, strict=True))
        for size in range(min(len(left), len(right)) + 1)
        for chosen in combinations(left, size)
        for order in permutations(right, size)
    ]


def least_by_trying(one: Graph, other: Graph) -> int:
    def parts(graph: Graph) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"initial": [], "moment": [], "1": [], "2": []}
        for position in range(graph.output + 1):
            node = graph.node(position)
            is_moment = node is not None and "[" in node.op
            kind = "initial" if node is None else "moment" if is_moment else str(len(node.inputs))
            found[kind].append(position)
        return found

    a, b = parts(one), parts(other)
    choices = product(*(pairings(a[kind], b[kind]) for kind in a))
    return min(
        price(one, other, {k: v for p in chosen for k, v in p.items()}) for chosen in choices
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_no_pairing_is_shorter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (canonical(random_graph(rng, 4)) for _ in range(2))
    found = edits(one, other)
    assert found.is_least
    assert found.distance == price(one, other, found.pairs) == least_by_trying(one, other)
    assert least_distance(one, other) <= found.distance
    assert edits(other, one).distance == found.distance
    assert (found.distance == 0) == (one == other)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("x / std[bs](x)", "x / std[bs](x)", 0),
        ("v1 * x + 0", "x * v1", 0),
        ("x / std[bs](x)", "x / std[sg](x)", 1),
        ("x / std[bs](x)", "std[bs](x) / x", 2),  # both inputs change places
        ("x + v0", "x / v0", 1),
        ("x * sigmoid(x)", "sigmoid(x) / x", 1),  # the factors of a product have no places
        ("tanh(x)", "-tanh(x)", 4),  # one value and two inputs are added, one input goes
        ("max(x, v0)", "max(x, v1)", 1),
        ("x", "v0", 1),
        ("tanh(x)", "mean[s](x)", 6),  # one value and two inputs go, as many are added
    ],
)
def test_distances_by_hand(one: str, other: str, distance: int) -> None:
    assert edits(parse(one), parse(other)).distance == distance


def test_when_time_runs_out_the_edits_are_said_to_be_at_most_so_many() -> None:
    one, other = zoo_graph("BCN"), zoo_graph("LN-GELU")
    found = edits(one, other, time_limit=0.0)
    assert not found.is_least
    assert found.distance >= edits(one, other).distance
    assert found.distance == price(canonical(one), canonical(other), found.pairs)


def test_graphs_too_large_to_compare() -> None:
    large = parse(" + ".join(f"tanh({i + 1} * x)" for i in range(60)))
    with pytest.raises(GraphError, match="up to 100 values are compared, given one of"):
        edits(large, zoo_graph("tanh"))
