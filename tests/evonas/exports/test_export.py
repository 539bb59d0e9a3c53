"""Exported modules: torch alone, the class that was trained, whole files only."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evonas.exports.export import export_layer
from evonas.exports.files import ExportError
from evonas.layers import layer_of, resolve
from results_db import ResultsDB
from search_spaces.codegen import class_sha256
from search_spaces.layer import layer_class, layer_code
from search_spaces.text import parse
from tests.evonas.command_line import run, succeed
from tests.evonas.small_database import BEST, HISTORY, RUN, candidate
from workers.verdict import Verdict

FILES = ("layer.py", "test_layer.py", "card.md", "graph.svg", "response.svg")

# What a user's script does with each directory given; nothing of ours can be imported.
_SCRIPT = """
import importlib.util
import sys
import torch

for directory in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("layer", f"{directory}/layer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(0)
    layer = module.NormAct(8, True, eps=1e-5, groups=2, device="cpu", dtype=torch.float32)
    linear = module.NormAct(8, apply_act=False)
    first, second = torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 8, 1)
    network = torch.nn.Sequential(first, layer, second, linear)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    images = torch.randn(4, 3, 6, 5)
    losses = []
    for _ in range(2):
        loss = network(images).square().mean()
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]
    assert network.eval()(images).isfinite().all()
    print("trained", directory)
ours = {"evonas", "search_spaces", "workers", "results_db", "ray", "sqlalchemy"}
assert not ours & {name.partition(".")[0] for name in sys.modules}
"""


def test_the_modules_train_without_evonas(here: Path) -> None:
    layers = {"out/deep": "x * sigmoid(v1 * x) / std[sg](x)", "b0": "EvoNorm-B0", "bn": "BN-SiLU"}
    for directory, layer in layers.items():
        written = succeed("export", "--no-measure", layer, "--to", directory).split("\n")
        assert written == [f"{directory}/{name}" for name in FILES] + [""]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _SCRIPT, *layers], capture_output=True, text=True, check=False
    )
    trained = "".join(f"trained {directory}\n" for directory in layers)
    assert done.stdout == trained, done.stderr


def test_the_class_is_the_one_that_was_trained(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        layer = resolve(BEST, db)
        exported = export_layer(layer, database / "out", db)
    assert exported.class_sha256 == HISTORY[3].class_sha256
    assert exported.class_sha256 == layer_code(parse(BEST)).class_sha256
    assert class_sha256(exported.path.read_text()) == exported.class_sha256


def test_the_docstring_says_what_is_known(database: Path) -> None:
    succeed("export", "--no-measure", BEST, "--to", "out")
    source = Path("out/layer.py").read_text()
    assert str(HISTORY[3].digest) in source
    assert f"Candidate 3 of the run {RUN}, scored with groups=4." in source
    lines = [" ".join(line.split()) for line in source.splitlines()]
    assert "resnet vit mobilenet mean" in lines
    assert "this layer 0.750 0.500 0.625 0.625" in lines
    assert "BN-ReLU 0.875 0.500 0.625 0.667" in lines
    assert "rectifier 0.500 - - - rejected: unstable" in lines
    assert max(map(len, source.splitlines())) <= 100


def test_the_docstring_says_what_is_known_of_a_baseline(database: Path) -> None:
    succeed("export", "--no-measure", "ReLU", "--to", "out")
    source = Path("out/layer.py").read_text()
    assert f"The baseline BN-ReLU of the run {RUN}, scored with groups=4." in source
    lines = [" ".join(line.split()) for line in source.splitlines()]
    assert "BN-ReLU 0.875 0.500 0.625 0.667" in lines
    assert not [line for line in lines if line.startswith("this layer")]
    assert "No run has scored it" not in source
    succeed("export", "--no-measure", "tanh(x) / 2", "--to", "other")
    assert "No run has scored it." in Path("other/layer.py").read_text()


def test_the_constructor_is_that_of_the_trained_class(here: Path) -> None:
    names = list(inspect.signature(layer_class(parse("tanh(x)"))).parameters)
    for name in ("num_features", "apply_act", "eps", "groups", "device", "dtype"):
        assert name in names


def test_refuses_when_another_class_was_trained(database: Path) -> None:
    row = candidate(6, "tanh(x) + x", Verdict.LOW_QUALITY, class_sha256="0" * 64, reason="")
    with ResultsDB.open("sqlite:///evonas.db") as db, db.writer(RUN) as writer:
        writer.commit([row])
    result = run("export", "--no-measure", "tanh(x) + x", "--to", "out")
    assert result.exit_code == 1
    assert "is not what was scored" in result.stderr
    assert not Path("out").exists()


def test_does_not_replace_something_else(here: Path) -> None:
    succeed("export", "--no-measure", "tanh", "--to", "out")
    succeed("export", "--no-measure", "tanh", "--to", "out")
    result = run("export", "--no-measure", "ReLU", "--to", "out")
    assert result.exit_code == 1
    assert "another layer" in result.stderr
    succeed("export", "--no-measure", "ReLU", "--to", "out", "--force")
    Path("out/layer.py").write_text("print('mine')\n")
    assert "no file of an export" in run("export", "--no-measure", "ReLU", "--to", "out").stderr
    assert Path("out/layer.py").read_text() == "print('mine')\n"


def test_a_failed_write_leaves_the_old_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export_layer(layer_of(parse("tanh(x)")), here).path
    before = path.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export_layer(layer_of(parse("x * x")), here, overwrite=True)
    assert path.read_text() == before
    assert {file.name for file in here.iterdir()} == {"layer.py", "test_layer.py"}


def test_a_directory_that_is_a_file(here: Path) -> None:
    Path("out").write_text("")
    for folder in ("out", "out/deeper"):
        result = run("export", "--no-measure", "tanh", "--to", folder)
        assert result.exit_code == 1
        assert "out is a file; give a directory with --to" in result.stderr


def test_without_a_directory_the_digest_names_it(here: Path) -> None:
    shown = succeed("export", "--no-measure", "tanh")
    assert all(Path(path).is_file() for path in shown.split())
    assert shown.startswith("layers/")


def test_the_class_has_the_name_given(here: Path) -> None:
    succeed("export", "--no-measure", "tanh", "--name", "Squash", "--to", "out")
    assert "class Squash(nn.Module):" in Path("out/layer.py").read_text()
    assert "NormAct = Squash" in Path("out/layer.py").read_text()
    assert resolve("out/layer.py").zoo == "tanh"
    for name in ("norm_act", "synchronize", "1st"):
        result = run("export", "--no-measure", "tanh", "--name", name, "--to", "other")
        assert result.exit_code == 1
        assert "give another --name" in result.stderr
    assert not Path("other").exists()


def test_the_docstring_says_properties_and_what_padding_does(here: Path) -> None:
    for layer, word, padding in (
        ("EvoNorm-B0", "Properties: mixes the batch; not causal", "Moments over the batch"),
        ("EvoNorm-S0", "Properties: batch-independent; not causal", "Moments over positions"),
        ("RMSNorm", "Properties: batch-independent; causal", "Every position is computed"),
    ):
        source = export_layer(resolve(layer), here / layer).path.read_text()
        assert word in source
        assert padding in source


def test_a_users_own_test_is_not_replaced(here: Path) -> None:
    Path("out").mkdir()
    Path("out/test_layer.py").write_text("def test_mine() -> None: ...\n")
    result = run("export", "--no-measure", "tanh", "--to", "out")
    assert "out/test_layer.py is there and is no file of an export" in result.stderr
    assert not Path("out/layer.py").exists()
