"""Static properties: known layers classified right, no false claim on random graphs."""

from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np
import pytest
import torch

from search_spaces.canonical import canonical
from search_spaces.cost import Cost
from search_spaces.graph import Graph
from search_spaces.primitives import ELEMENTWISE, MOMENTS
from search_spaces.properties import Properties, properties, structure
from search_spaces.requirements import REQUIREMENTS, check_requirements, unmet, unmet_by
from search_spaces.sampling import sample
from search_spaces.space import SearchSpace, get_space
from search_spaces.text import parse
from search_spaces.varies import varying_axes
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.claims import CLAIMS, Census, census
from tests.support.duration import is_below
from tests.support.graphs import random_graph

ALL = SearchSpace(
    "all", ("x", "0", "v0", "v1", "alpha", "1"), (*ELEMENTWISE, *MOMENTS), num_nodes=10
)

# Written by hand: name -> mixes (b batch, p positions, c channels), degree, other properties that
# hold, (computed values, moments), cost. All depend on x, on an element-wise path; none is affine.
# Costs: an operation over a full tensor reads its full inputs and writes one; mean and std of one
# argument are one reduction, which reads it; an rms squares first; the closing affine is 8 bytes.
LAYERS: dict[str, tuple[str, float | None, str, tuple[int, int], Cost]] = {
    "BN-ReLU": ("bp", 0, "shift", (8, 2), Cost(6, 1, 52, 4)),
    "BN-SiLU": ("bp", 0, "shift", (9, 2), Cost(7, 1, 64, 6)),
    "GN-ReLU": ("pc", 0, "shift", (8, 2), Cost(6, 1, 52, 4)),
    "GN-SiLU": ("pc", 0, "shift", (9, 2), Cost(7, 1, 64, 6)),
    "LN-ReLU": ("pc", 0, "shift", (8, 2), Cost(6, 1, 52, 4)),
    "LN-GELU": ("c", 0, "shift", (12, 2), Cost(10, 1, 88, 7)),
    "IN-ReLU": ("p", 0, "shift", (8, 2), Cost(6, 1, 52, 4)),
    "RMSNorm": ("c", 0, "normalizes", (2, 1), Cost(3, 1, 28, 2)),
    "RMSNorm-SiLU": ("c", 0, "", (5, 1), Cost(6, 1, 56, 5)),
    "SELU": ("", None, "", (10, 0), Cost(10, 0, 84, 4)),
    "FRN-TLU": ("p", 0, "", (3, 1), Cost(4, 1, 36, 3)),
    "EvoNorm-B0": ("bp", 0, "", (6, 2), Cost(5, 2, 52, 4)),
    "EvoNorm-B1": ("bp", None, "", (6, 2), Cost(6, 2, 60, 5)),
    "EvoNorm-B2": ("bp", 0, "", (6, 2), Cost(6, 2, 60, 4)),
    "EvoNorm-S0": ("pc", None, "", (5, 1), Cost(5, 1, 48, 4)),
    "EvoNorm-S1": ("pc", None, "", (4, 1), Cost(4, 1, 40, 4)),
    "EvoNorm-S2": ("pc", None, "", (4, 1), Cost(5, 1, 48, 4)),
    "DyT": ("", None, "", (2, 0), Cost(3, 0, 24, 2)),
    "Derf": ("", None, "", (3, 0), Cost(4, 0, 32, 3)),
    "PowerNorm": ("bp", 0, "normalizes", (2, 1), Cost(3, 1, 28, 2)),
    "BCN": ("bpc", 0, "shift normalizes", (12, 4), Cost(7, 2, 64, 6)),
    "rectifier": ("", None, "", (2, 0), Cost(2, 0, 16, 2)),
    "ReLU": ("", 1, "", (1, 0), Cost(2, 0, 16, 1)),
    "SiLU": ("", None, "", (2, 0), Cost(3, 0, 28, 3)),
    "tanh": ("", None, "", (1, 0), Cost(2, 0, 16, 1)),
    "GELU": ("", None, "", (5, 0), Cost(6, 0, 52, 4)),
}


@pytest.mark.parametrize("name", ZOO)
def test_zoo_layers_are_classified_right(name: str) -> None:
    mixes, degree, others, sizes, cost = LAYERS[name]
    found = properties(zoo_graph(name))
    assert found.depends_on_x
    assert found.elementwise_path
    assert (found.mixes_batch, found.mixes_positions, found.mixes_channels) == (
        "b" in mixes,
        "p" in mixes,
        "c" in mixes,
    )
    assert found.degree == degree
    assert found.shift_invariant == ("shift" in others)
    assert found.only_normalizes == ("normalizes" in others)
    assert not found.affine
    assert (found.active_nodes, found.moments) == sizes
    assert found.cost == cost


def test_the_table_has_every_layer_and_every_property() -> None:
    assert list(LAYERS) == list(ZOO)
    of_structure = {
        *("depends_on_x", "elementwise_path", "mixes_batch", "mixes_positions", "mixes_channels"),
        *("affine", "only_normalizes", "active_nodes", "moments"),
    }
    asserted = {*of_structure, "degree", "shift_invariant", "cost"}
    assert {field.name for field in fields(Properties)} == asserted


# Name -> the axes that each computed value varies along, in the order of the canonical form.
VALUES: dict[str, str] = {
    "EvoNorm-B0": "gw bsgw bgw bsgw bsgw bsgw",  # std, v1 x, std, sum, max, quotient
    "EvoNorm-S0": "bsgw bsgw bsgw bg bsgw",
    "RMSNorm": "bs bsgw",
    "FRN-TLU": "bgw bsgw bsgw",
    "PowerNorm": "gw bsgw",
    "EvoNorm-S2": "bsgw bsgw bg bsgw",
    "LN-ReLU": "b b bsgw bsgw b bsgw bsgw bsgw",
    "rectifier": "gw bsgw",
    "DyT": "bsgw bsgw",
}


@pytest.mark.parametrize("name", VALUES)
def test_axes_of_the_values_of_known_layers(name: str) -> None:
    graph = canonical(zoo_graph(name))
    computed = varying_axes(graph)[len(graph.initial) :]
    assert sorted(map(sorted, computed)) == sorted(map(sorted, VALUES[name].split()))


@pytest.mark.parametrize(
    ("text", "degree", "shift_invariant", "affine"),
    [
        ("x", 1, False, True),
        ("v1 * x + v0", None, False, True),
        ("v1 * (x - mean[s](x))", 1, True, True),
        ("v1 * x - v1 * mean[s](x)", 1, True, True),
        ("v1 * x - mean[sc](v1 * x)", 1, False, True),  # v1 differs between the channels averaged
        ("v1 * x - mean[s](v1 * x)", 1, True, True),
        ("x / std[s](mean[s](x))", 1, False, True),  # std over no axes is sqrt(eps)
        ("square(x) / rms[s](x)", 1, False, False),
        ("sqrt(x)", 0.5, False, False),
        ("exp(x) / mean[sc](exp(x))", None, True, False),
        ("sigmoid(exp(x) / rms[sc](exp(x)))", None, True, False),
        ("exp(v0 * x) / mean[sc](exp(v0 * x))", None, False, False),
        ("log(abs(x) + std[s](x)) - mean[s](log(abs(x) + std[s](x)))", 0, False, False),
        ("max(x, mean[s](x)) - mean[c](x)", 1, True, False),
        ("max(x, 1)", None, False, False),
        ("max(x, 0) * tanh(x / rms[c](x))", 1, False, False),
        ("x * x", 2, False, False),
        ("rsqrt(x)", -0.5, False, False),
        ("v0", 0, True, True),
        ("tanh(v0) * x / v1 - x", 1, False, True),
        ("abs(x - mean[bs](x)) * sigmoid(v0)", 1, True, False),
        ("x + std[s](x)", 1, False, False),
        ("rms[s](x - mean[s](x)) + v0", None, True, False),
    ],
)
def test_homogeneity_and_invariance(
    text: str, degree: float | None, shift_invariant: bool, affine: bool
) -> None:
    found = properties(parse(text))
    assert found.degree == degree
    assert found.shift_invariant == shift_invariant
    assert found.affine == affine


@pytest.mark.parametrize(
    ("text", "activates"),
    [
        ("v1 * (x - mean[bs](x)) / std[bs](x) + v0", False),
        ("x * mean[s](abs(x)) - mean[c](x)", False),
        ("x * std[sg](tanh(x))", False),
        ("max(x, 0)", True),
        ("x * x", True),
        ("v0 / x", True),
        ("x + rms[s](mean[s](x)) * x", False),
        ("rms[s](mean[s](x))", True),  # no path at all
    ],
)
def test_normalizing_without_activating(text: str, activates: bool) -> None:
    assert properties(parse(text)).only_normalizes != activates


def graphs(count: int, first: int = 0) -> list[Graph]:
    made = []
    for seed in range(first, first + count):
        rng = np.random.default_rng((77, seed))
        made.append(sample(ALL, rng) if seed % 2 else random_graph(rng, 2 + seed % 9))
    return made


def check(found: Census) -> None:
    assert not found.false, "\n".join(found.false[:20])
    for name in CLAIMS:
        assert found.seen[name] >= found.tested / 100, found.table()


def test_no_claim_is_false() -> None:
    torch.set_num_threads(1)
    check(census(graphs(400)))


@pytest.mark.slow
def test_no_claim_is_false_on_many_graphs() -> None:
    found = census(graphs(25_000, 10_000))
    sys.stdout.write(found.table() + "\n")
    assert found.tested >= 20_000
    check(found)


@pytest.mark.parametrize(
    ("requirement", "met", "not_met"),
    [
        ("batch-independent", "x / std[sg](x)", "x / std[bs](x)"),
        ("causal", "x / rms[c](x)", "x / rms[s](x)"),
        ("scale-invariant", "x / rms[c](x)", "x * sigmoid(x)"),
        ("shift-invariant", "x - mean[s](x)", "x / rms[s](x)"),
        ("activates", "max(x, v0)", "x / rms[s](x)"),
        ("passes<=3", "x * tanh(x)", "x * tanh(x) + v0"),
        ("reductions<=1", "(x - mean[s](x)) / std[s](x)", "(x - mean[bs](x)) / std[s](x)"),
        ("bytes<=16", "tanh(x)", "x * tanh(x)"),
        ("kept<=2", "max(x, 0)", "x * tanh(x) * exp(x)"),
    ],
)
def test_requirements(requirement: str, met: str, not_met: str) -> None:
    check_requirements((requirement,))
    for text, expected in ((met, None), (not_met, requirement)):
        graph = canonical(parse(text))
        assert unmet(properties(graph), (requirement,)) == expected
        assert unmet_by(graph, (requirement,)) == expected
        assert unmet_by(graph, ()) is None


@pytest.mark.parametrize("name", ["casual", "cost<=4", "passes<4", "passes<=x", "passes<=-1", ""])
def test_unknown_requirements_name_the_nearest(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown requirement .*allowed: batch-independent, "):
        check_requirements((name,))
    assert len(REQUIREMENTS) == 9


def test_structure_is_the_part_of_properties() -> None:
    for seed in range(200):
        graph = canonical(sample(get_space("evonorm-b"), np.random.default_rng(seed)))
        whole = properties(graph)
        part = structure(graph)
        assert all(getattr(whole, n) == getattr(part, n) for n in part.__slots__)


def test_the_largest_graphs_take_little_time() -> None:
    """Many terms, each multiplied many times; degrees that double with every node."""
    terms = "".join(f"t{i} = tanh(v0 * {i}) * x\n" for i in range(1, 150))
    total = "a0 = " + "+".join(f"t{i}" for i in range(1, 150)) + "\n"
    texts = [
        terms + total + "".join(f"a{i + 1} = a{i} * v{i % 2}\n" for i in range(200)) + "a200",
        "a0 = x\n" + "".join(f"a{i + 1} = square(a{i})\n" for i in range(990)) + "a990",
        "a0 = x\n" + "".join(f"a{i + 1} = a{i} + a{i}\n" for i in range(990)) + "a990",
        "a0 = x\n" + "".join(f"a{i + 1} = a{i} * v{i % 2}\n" for i in range(990)) + "a990",
    ]
    for text in texts:
        assert is_below(2.0, lambda text=text: properties(parse(text)))
