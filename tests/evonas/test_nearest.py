"""The nearest known layer."""

from __future__ import annotations

import pytest

from evonas.nearest import nearest_known
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph


@pytest.mark.parametrize("name", ["BN-ReLU", "EvoNorm-S0", "LN-GELU", "tanh"])
def test_a_known_layer_is_nearest_to_itself(name: str) -> None:
    nearest = nearest_known(zoo_graph(name))
    assert nearest is not None
    assert (nearest.name, nearest.distance, nearest.is_least) == (name, 0, True)


@pytest.mark.parametrize(
    ("text", "name", "distance"),
    [
        ("x * sigmoid(v1 * x) / rms[sg](x)", "EvoNorm-S0", 1),
        ("x * tanh(v1 * x) / std[sg](x)", "EvoNorm-S0", 1),
        ("x * sigmoid(v0 * x) / std[sc](x)", "EvoNorm-S0", 2),
        ("x / max(std[bs](x), v1 * x + rms[s](x))", "EvoNorm-B0", 1),
        ("x * sigmoid(x) / rms[sc](x)", "EvoNorm-S1", 1),  # as near as S2, which comes later
        ("-tanh(x)", "tanh", 4),
    ],
)
def test_variants_are_nearest_to_what_they_vary(text: str, name: str, distance: int) -> None:
    nearest = nearest_known(parse(text))
    assert nearest is not None
    assert (nearest.name, nearest.distance, nearest.is_least) == (name, distance, True)


def test_out_of_time() -> None:
    text = "a = std[sg](x); b = x + a; c = mean[sg](b) * (a * b); square(c / c)"
    nearest = nearest_known(parse(text), time_limit=0.0)
    assert nearest is not None
    assert nearest.name in ZOO
    assert not nearest.is_least


def test_too_large_to_compare() -> None:
    assert nearest_known(parse(" + ".join(f"tanh({i + 1} * x)" for i in range(60)))) is None
