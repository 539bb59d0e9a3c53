"""Own primitives: what cannot stand alone, and what is part of a function's pin."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from search_spaces.canonical import digest
from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_own import obstacles
from search_spaces.layer import layer_class
from search_spaces.own_registry import registered
from search_spaces.primitives import OWN
from search_spaces.text import parse
from tests.support.own_functions import ALL, HERE
from tests.support.processes import outputs_by_hash_seed


@pytest.fixture
def known() -> Iterator[None]:
    with registered(*ALL):
        yield


@pytest.mark.usefixtures("known")
def test_what_cannot_stand_alone_says_why_and_is_part_of_the_hash() -> None:
    (told,) = obstacles(parse("leaky(x)"))
    assert f"{HERE}:leaky cannot stand in a module that needs torch alone: it uses 'SLOPE'" in told
    (told,) = obstacles(parse("helped(x) + mish(x)"))
    assert "it uses 'own_helper'" in told
    code = generate(parse("leaky(x)"))
    assert OWN["leaky"].pin in code.source
    assert class_sha256(code.source) == code.class_sha256


ONE = "def other(x: Tensor) -> Tensor:\n    return "
# Function -> what is in the way.
OBSTACLES = {
    f"@wrapped\n{ONE}x * x": "the decorator @wrapped",
    f"{ONE}(lambda y: y * y)(x)": "a function, a class or an f-string",
    f"{ONE}x * helper(x)": "it uses 'helper'",
    f"{ONE}float(np.square(2.0)) * x * x": "it uses 'np'",
    f"{ONE}k * x * x".replace(") ->", ", k: float = SLOPE) ->"): "its default SLOPE is computed",
    f"{ONE}k * x * x".replace(") ->", ", k: Any = 2.0) ->"): "parameter k is not annotated as one",
}
TOP = """\
import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor

SLOPE = 0.25


def helper(x: Tensor) -> Tensor:
    return x


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def called(x: Tensor) -> Tensor:
        return function(x)

    return called


"""


@pytest.mark.parametrize("function", OBSTACLES)
def test_every_obstacle_is_named(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, monkeypatch, TOP + function)
    with registered("scratch_ops:other") as (own,):
        assert OBSTACLES[function] in own.obstacle
        assert not own.definition
        x = torch.ones(2, 3)
        assert layer_class(parse("other(x)"))(3)(x).shape == x.shape


def write(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A module scratch_ops that a worker would find, freshly imported at the next use."""
    monkeypatch.syspath_prepend(folder)
    (folder / "scratch_ops.py").write_text(text)
    monkeypatch.delitem(sys.modules, "scratch_ops", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.invalidate_caches()


def pin_and_digest(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> tuple[str, str]:
    write(folder, monkeypatch, text)
    with registered("scratch_ops:other") as (own,):
        return own.pin, digest(parse("other(x) / std[s](x)"))


PLAIN = f"{ONE}x * x"
DECORATOR = "from search_spaces.own_primitive import primitive\n\n\n@primitive(even=True)\n"
# Changes of the module, and whether the function may compute something else.
CHANGES = {
    TOP + PLAIN + " * x": True,
    TOP
    + "from search_spaces.own_primitive import primitive\n\n\n@primitive(even=True)\n"
    + PLAIN: True,
    TOP.replace("0.25", "0.5") + PLAIN: False,
    TOP.replace("return x", "return 2.0 * x") + PLAIN: False,
    TOP.replace("from torch import Tensor", "Tensor = torch.Tensor") + PLAIN: False,
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_source_is_another_layer(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pin_and_digest(tmp_path, monkeypatch, TOP + PLAIN)
    assert before == pin_and_digest(tmp_path, monkeypatch, TOP + PLAIN)
    after = pin_and_digest(tmp_path, monkeypatch, change)
    assert [a != b for a, b in zip(after, before, strict=True)] == [CHANGES[change]] * 2


def test_what_a_function_uses_from_elsewhere_is_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import torch\nfrom torch import Tensor\n\nfrom scratch_help import K\n\n\n"
    text += "def other(x: Tensor) -> Tensor:\n    return K * x * x\n"
    found = set()
    for helper in ("K = 2.0\n", "K = 3.0\n", "from scratch_deep import K\n"):
        (tmp_path / "scratch_help.py").write_text(helper)
        (tmp_path / "scratch_deep.py").write_text("K = 4.0\n")
        for name in ("scratch_help", "scratch_deep"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        found.add(pin_and_digest(tmp_path, monkeypatch, text))
    (tmp_path / "scratch_deep.py").write_text("K = 5.0\n")
    for name in ("scratch_help", "scratch_deep"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    found.add(pin_and_digest(tmp_path, monkeypatch, text))
    assert len(found) == 4


def test_pins_and_digests_are_the_same_in_every_process() -> None:
    script = (
        "from search_spaces.own_registry import registered\n"
        "from search_spaces.canonical import digest\n"
        "from search_spaces.text import parse\n"
        f"with registered(*{ALL!r}) as own:\n"
        "    print([o.pin for o in own], digest(parse('mish(cubic(-x)) + geometric(x, v1)')))\n"
    )
    first, second = outputs_by_hash_seed(script)
    assert first == second
