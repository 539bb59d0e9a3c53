"""Screening: known layers pass, hopeless ones fall at the check that says why."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.canonical import canonical
from search_spaces.sampling import sample
from search_spaces.space import SearchSpace, get_space
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from workers.screening import CHECKS, ScreeningConfig, screen

SPACE = get_space("evonorm-b")
CONFIG = ScreeningConfig()

# Layers that normalize and activate; the plain activations and RMSNorm alone need not pass.
NORMALIZED = [
    name
    for name in ZOO
    if any(f"{kind}[" in ZOO[name].text for kind in ("mean", "rms", "std"))
    and name not in ("RMSNorm", "PowerNorm", "BCN")
]


@pytest.mark.parametrize("name", NORMALIZED)
def test_normalized_activations_of_the_zoo_pass(name: str) -> None:
    assert screen(canonical(zoo_graph(name)), SPACE, CONFIG) is None


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("std[s](x)", "no path"),
        ("v0 + v1", "no path"),
        ("x * 0", "no path"),
        ("0", "no path"),
        ("tanh(x) / 0", "not finite"),
        ("tanh(x) / v0", "not finite"),
        ("log(x * v0) + x / v0", "not finite"),
        ("mean[bs](x) + tanh(x) * v0", "constant"),
        ("tanh(x * v0)", "constant"),
        ("9999 * x * abs(x)", "too large"),
        ("tanh(x) + exp(exp(v1 + v1))", "constant"),
        ("x * v0", "affine"),
        ("v1 * (x - mean[sg](x)) / std[sg](x) + v0", "affine"),
        ("x", "affine"),
        ("x / std[bs](x)", "affine"),
        ("exp(x)", "stack"),
        ("square(x)", "stack"),
    ],
)
def test_hopeless_layers_fall_where_they_should(text: str, check: str) -> None:
    assert screen(canonical(parse(text)), SPACE, CONFIG) == check


@pytest.mark.parametrize("name", ["x / std[bs](x)", "x / max(std[bs](x), v1 * x + std[s](x))"])
def test_requirements_of_the_space(name: str) -> None:
    graph = canonical(parse(name))
    assert screen(graph, get_space("evonorm-s"), CONFIG) == "requirement batch-independent"
    assert screen(graph, SPACE, CONFIG) in (None, "affine")


def test_every_refusal_has_a_name_and_repeats() -> None:
    space = SearchSpace("small", SPACE.initial, SPACE.primitives, 5)
    names = []
    for seed in range(60):
        graph = canonical(sample(space, np.random.default_rng(seed)))
        names.append(screen(graph, space, CONFIG))
        assert screen(graph, space, CONFIG) == names[-1]
    assert {name for name in names if name} <= set(CHECKS)
    assert len(set(names)) >= 3
