"""`norm_layer` beside a generated class: lint, types, arguments, and a hash that leaves it out."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_additions import with_additions
from search_spaces.codegen_norm_layer import IMPORTS, norm_layer_block
from search_spaces.codegen_synced import SYNCED_IMPORTS, synced_blocks
from search_spaces.layer import layer_class
from search_spaces.text import parse

# With and without a backward pass of their own, groups, and imports of the standard library.
TEXTS = ("tanh(x)", "x * sigmoid(v1 * x) / std[sg](x)", "max(x / std[sg](x), 0)", "x / rms[bs](x)")


def exported(text: str, name: str = "NormAct") -> str:
    """A generated module with all that exports add to it."""
    graph = parse(text)
    synced = synced_blocks(graph, name)
    imports = (*IMPORTS, *(SYNCED_IMPORTS if synced else ()))
    return with_additions(generate(graph, name).source, [norm_layer_block(name), *synced], imports)


def test_passes_ruff_and_strict_types(tmp_path: Path) -> None:
    for i, text in enumerate(TEXTS):
        (tmp_path / f"layer_{i}.py").write_text(exported(text))
    (tmp_path / "named.py").write_text(exported("x - mean[bs](exp(x))", "Scale"))
    lint = ["ruff", "check", "--isolated", "--line-length=100", "--select=E,W,F,I,N,B,UP,SIM,RUF"]
    style = ["ruff", "format", "--isolated", "--line-length=100", "--check"]
    for command in (lint, style, ["mypy", "--strict", "--config-file="]):
        done = subprocess.run(
            [sys.executable, "-m", *command, str(tmp_path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.parametrize("text", TEXTS)
def test_is_no_part_of_the_hash(text: str) -> None:
    code = generate(parse(text))
    source = exported(text)
    assert source != code.source
    assert class_sha256(source) == code.class_sha256
    assert class_sha256(source.replace("self.weight.view", "self.bias.view")) != code.class_sha256


def test_has_the_settings_of_the_class_and_hands_them_on() -> None:
    source = exported("x / (rms[bs](x) + rms[sg](x))")
    module: dict[str, object] = {}
    exec(source, module)
    norm_layer = module["norm_layer"]
    assert callable(norm_layer)
    of_class = dict(inspect.signature(layer_class(parse("x / rms[sg](x)"))).parameters)
    for name in ("num_features", "apply_act", "device", "dtype"):
        del of_class[name]
    assert dict(inspect.signature(norm_layer).parameters) == of_class
    layer = norm_layer(eps=0.5, groups=2, momentum=0.25, channels_last=True)(8, apply_act=False)
    assert (layer.num_features, layer.apply_act, layer.channels_last) == (8, False, True)
    assert (layer.eps, layer.groups, layer.momentum) == (0.5, 2, 0.25)
    assert norm_layer(group_size=2)(8).groups == 4
