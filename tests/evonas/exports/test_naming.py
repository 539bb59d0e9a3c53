"""Names of exported classes."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from evonas.exports.naming import class_name
from evonas.layers import layer_of, resolve
from search_spaces.codegen import generate
from search_spaces.text import parse
from search_spaces.zoo import ZOO
from tests.support.graphs import random_graph


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("EvoNorm-S0", "EvoNormS0"),
        ("BN-ReLU", "BNReLU"),
        ("tanh", "Tanh"),
        ("x / max(std[bs](x), v1 * x + std[s](tanh(x)))", "BatchInstanceNormTanhMax"),
        ("exp(x) * log(x) + erf(exp(log(x)))", "ExpLog"),
        ("x / rms[sg](x + v0)", "GroupNorm"),
        ("x + x * v1", "Map"),
    ],
)
def test_names_say_what_the_layer_is(given: str, name: str) -> None:
    layer = resolve(given)
    found = class_name(layer)
    if layer.zoo is None:
        assert found[-4:] == layer.digest.partition("-")[2][:4]
        found = found[:-4]
    assert found == name


def test_names_are_those_of_classes_and_of_one_layer() -> None:
    layers = [layer_of(random_graph(np.random.default_rng(seed))) for seed in range(60)]
    layers += [resolve(name) for name in ZOO]
    names = {layer.digest: class_name(layer) for layer in layers}
    assert len(set(names.values())) == len(names)
    for layer in layers:
        name = names[layer.digest]
        assert name[0].isupper()
        assert name.isalnum()
        assert any(
            isinstance(node, ast.ClassDef) and node.name == name
            for node in ast.parse(generate(parse("tanh(x)"), name).source).body
        )
