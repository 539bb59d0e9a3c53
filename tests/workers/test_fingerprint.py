"""Fingerprints: equal for layers that train alike, however written, and for no others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search_spaces.canonical import canonical, digest
from search_spaces.errors import GraphError
from search_spaces.graph import Graph, Node
from search_spaces.layer import layer_class
from search_spaces.sampling import sample
from search_spaces.space import get_space
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from workers.fingerprint import TOLERANCE, FingerprintIndex, difference, fingerprint

SAME = [
    ("x * x", "square(x)"),
    ("sigmoid(x)", "0.5 * (1 + tanh(0.5 * x))"),
    ("x * sigmoid(x)", "x / (1 + exp(-x))"),
    ("max(x, 0) - max(-x, 0)", "x"),
    ("max(max(x, v0), v1)", "max(x, max(v0, v1))"),
    ("(x - mean[s](x)) + mean[s](x)", "x"),
    ("x * (v0 + v1)", "v0 * x + v1 * x"),
    ("x / (std[bs](x) * std[bs](x))", "x / square(std[bs](x))"),
    ("abs(x * v1)", "abs(x) * abs(v1)"),
]
# In training alone: parameters that start at 0 or 1 and get no gradient stay there.
SAME_AS_TRAINED = [
    ("max(x, square(v0))", "max(x, 0)"),
    ("max(x, abs(v0))", "max(x, 0)"),
    ("max(x, std[sg](v1))", "max(x, std[bs](0))"),
    ("max(x, rms[sc](v0))", "max(x, std[bs](0))"),
    ("abs(max(x, v0)) / std[sg](x)", "max(x, 0) / std[sg](x)"),
    ("std[sc](x) + 0 * x", "max(std[sc](x), x * mean[sc](v0))"),
    ("v0 * v0 * v1 * x + x", "x"),
]
DIFFERENT = [
    ("x", "v1 * x"),
    ("v1 * x", "abs(v1) * x"),
    ("v0 * x", "v1 * x"),
    ("abs(x)", "rms[bs](x)"),
    ("mean[bs](x) + x", "mean[s](x) + x"),
    ("x / std[sg](x)", "x / std[sc](x)"),
    ("x / std[bs](x)", "(x - mean[bs](x)) / std[bs](x)"),
    ("x / rms[s](x)", "x / sqrt(mean[s](square(x)))"),
    ("abs(x)", "sqrt(square(x))"),
    ("max(x, 0)", "max(x, v0)"),
    ("x / std[c](x)", "x / std[g](x)"),
    # These differ in a range of their own only.
    ("max(x, std[bs](x))", "max(max(x, std[bs](x)), mean[bs](x))"),
    ("max(x, rms[sc](x))", "max(max(x, rms[sc](x)), mean[sg](x))"),
    ("max(x, std[sc](x))", "max(max(x, std[sc](x)), mean[sc](x))"),
    ("max(rms[sc](x), tanh(x))", "rms[sc](x) + 0 * x"),
    ("std[s](x) + 0 * x", "max(std[s](x), -(1 + x) * exp(x))"),
    ("std[sc](x) + 0 * x", "max(std[sc](x), x * mean[sc](v1))"),
    ("max(x, mean[sg](v0))", "max(x, 0)"),
    ("v0 * v1 * x + x", "x"),
    ("x / v1", "x * v1"),
    ("alpha * x", "abs(alpha) * x"),
    ("shift * x", "abs(shift) * x"),
    ("max(x, shift)", "max(max(x, shift), 0)"),
    ("max(x, shift)", "max(max(x, shift), alpha)"),
]


def joined(left: str, right: str) -> bool:
    index = FingerprintIndex()
    index.add(3, fingerprint(layer_class(parse(left))))
    return index.find(fingerprint(layer_class(parse(right)))) == 3


@pytest.mark.parametrize(("left", "right"), SAME + SAME_AS_TRAINED)
def test_equal_layers_are_joined(left: str, right: str) -> None:
    assert joined(left, right)
    assert joined(right, left)


@pytest.mark.parametrize(("left", "right"), [p for p in DIFFERENT if "sqrt(mean" not in p[1]])
def test_other_layers_are_not(left: str, right: str) -> None:
    assert not joined(left, right)


def test_zoo_layers_differ() -> None:
    index = FingerprintIndex()
    for number, name in enumerate(ZOO):
        found = fingerprint(layer_class(zoo_graph(name)))
        assert index.find(found) is None, name
        index.add(number, found)
        assert index.find(fingerprint(layer_class(canonical(zoo_graph(name))))) == number
    assert len(index) == len(ZOO)


def test_fingerprints_do_not_depend_on_what_came_before() -> None:
    first = fingerprint(layer_class(zoo_graph("EvoNorm-B0")))
    fingerprint(layer_class(zoo_graph("BN-ReLU")))
    assert fingerprint(layer_class(zoo_graph("EvoNorm-B0"))) == first
    assert all(isinstance(number, float) for number in first)


def test_values_that_are_not_finite_are_counted() -> None:
    assert fingerprint(layer_class(parse("x / 0")))[-1] > 0
    assert fingerprint(layer_class(parse("x / v1")))[-1] == 0
    assert fingerprint(layer_class(parse("max(x, v1 / v0)")))[-1] == 0  # but its gradients


def test_a_fingerprint_that_overflowed_equals_none() -> None:
    index = FingerprintIndex()
    for number, values in enumerate(((math.inf,) * 49, (math.inf, -math.inf) * 24, (0.0,) * 49)):
        index.add(number, values)
    assert index.find((math.inf,) * 49) is None
    assert index.find((math.nan,) * 49) is None
    assert index.find((0.0,) * 49) == 2


def test_the_smallest_number_is_found_and_can_be_removed() -> None:
    values = fingerprint(layer_class(zoo_graph("SiLU")))
    index = FingerprintIndex()
    for number in (7, 3, 5):
        index.add(number, values)
    assert index.find(values) == 3
    index.remove(3)
    assert index.find(values) == 5
    index.remove(5)
    index.remove(7)
    assert index.find(values) is None
    assert len(index) == 0
    with pytest.raises(KeyError):
        index.remove(7)


def test_the_edge_of_a_cell_does_not_split_equal_layers() -> None:
    rng = np.random.default_rng(4)
    for _ in range(2000):
        values = rng.normal(size=49) * 10 ** rng.uniform(-2, 2)
        near = values + 0.5 * TOLERANCE * rng.uniform(-1, 1, 49) * (np.abs(values) + 1)
        index = FingerprintIndex()
        index.add(0, tuple(values))
        assert index.find(tuple(near)) == 0
        far = values.copy()
        far[rng.integers(49)] += 1e-4 * (1 + np.abs(values).max())
        assert index.find(tuple(far)) is None


def test_a_law_that_the_table_lacks_is_found() -> None:
    """Digests tell apart what fingerprints join; never the other way round."""
    space = get_space("evonorm-b")
    by_digest: dict[str, int] = {}
    index = FingerprintIndex()
    numbers: dict[str, int] = {}
    for number in range(250):
        graph = sample(space, np.random.default_rng((1, number)))
        name = digest(graph)
        values = fingerprint(layer_class(graph))
        if values[-1]:
            continue
        found = index.find(values)
        if name in by_digest:
            assert found == numbers[name]
        else:
            by_digest[name] = number
            numbers[name] = number if found is None else found
            if found is None:
                index.add(number, values)
    assert len(index) < len(by_digest)


def test_joined_graphs_agree_on_their_own_json() -> None:
    graph = Graph(("x", "v1"), (Node("mul", (1, 0)), Node("tanh", (2,))))
    read = Graph.from_json(graph.to_json())
    assert fingerprint(layer_class(read)) == fingerprint(layer_class(graph))
    with pytest.raises(GraphError, match="not a JSON document"):
        Graph.from_json("fingerprint")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("max(x, 0)", "max(x, std[s](0))"),
        ("x / std[bs](x)", "x / (std[bs](x) + std[s](0))"),
        ("x * x", "sqrt(x * x * x * x)"),
        ("tanh(x) * (x / rms[bs](x))", "tanh(x) * (x / rms[bs](x + std[s](0)))"),
    ],
)
def test_outputs_of_layers_an_epsilon_apart_differ_by_a_hundredth(one: str, other: str) -> None:
    a, b = (fingerprint(layer_class(canonical(parse(text)))) for text in (one, other))
    assert 0 < difference(a, b) == difference(b, a) < 0.01
    assert difference(a, a) == 0


def test_outputs_of_known_layers_differ_by_more() -> None:
    prints = [fingerprint(layer_class(canonical(zoo_graph(name)))) for name in ZOO]
    for i, one in enumerate(prints):
        assert all(difference(one, other) > 0.02 for other in prints[:i])


def test_the_difference_of_what_overflowed_is_not_small() -> None:
    broken = fingerprint(layer_class(parse("exp(exp(exp(x * x)))")))
    assert not difference(broken, broken[:-1]) < 1
    assert not difference((math.inf,) * 49, (math.inf,) * 49) < 1
