"""Own primitives from the command line: searched, stored with a pin, asked for again, exported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evonas.config import load_config
from evonas.config_errors import ConfigError
from evonas.evolution import Stop, run_search
from evonas.runs import RunError, fork
from evonas.vocabulary import VocabularyError, search_space, with_primitives
from results_db import ResultsDB
from results_db.records import CandidateRecord
from search_spaces.own_registry import registered
from search_spaces.primitives import OWN, remove_own
from tests.evonas.command_line import as_json, run, succeed
from workers.pools.serial import SerialPool

OPS = """\
import torch
import torch.nn.functional as F

SLOPE = 0.25


def mish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.tanh(F.softplus(x))


def leaky(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, SLOPE * x)
"""
RUN_FILE = """\
seed = 2
baselines = []
primitives = ["my_ops:mish", "my_ops.leaky"]

[space]
name = "mine"
initial = ["x", "v1"]
primitives = ["div", "neg"]
moments = ["std", "rms"]
index_sets = ["bs", "s"]
num_nodes = 4

[evolution]
lag = 2
window = 4

[evaluation]
groups = 2
data = {size = 8, train = 256, validation = 64, test = 64, scale = [0.9, 1.0]}
training = {steps = 4, batch = 8, warmup = 1}
quality = {step = 2, threshold = 0.0, factor = 0.0}
stability = {steps = 4, first_steps = 2, batch = 4}

[[evaluation.anchors]]
name = "resnet"
network = {stem = 4, widths = [4, 8], depths = [1, 1], strides = [2, 2]}
"""
BOTH = ("--primitive", "my_ops:mish", "--primitive", "my_ops:leaky")
BUDGET = 5


@pytest.fixture
def ops(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """my_ops.py and run.toml in the working directory, and nothing known or imported yet."""
    path = here / "my_ops.py"
    path.write_text(OPS)
    (here / "run.toml").write_text(RUN_FILE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with registered():
        yield path
    sys.modules.pop("my_ops", None)


def in_a_new_process() -> None:
    """Forget what commands have registered and imported, as when the next one is called."""
    for name in tuple(OWN):
        remove_own(name)
    sys.modules.pop("my_ops", None)
    importlib.invalidate_caches()


def search() -> str:
    output = succeed("search", "run.toml", "--name", "r", "--budget", str(BUDGET), "--workers", "0")
    in_a_new_process()
    return output


def rows() -> list[CandidateRecord]:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        return list(db.candidates("r"))


def test_a_run_from_its_file_to_its_exports(ops: Path) -> None:
    search()
    with ResultsDB.open("sqlite:///evonas.db") as db:
        stored = db.run("r").config["primitives"]
    assert [reference.partition("@")[0] for reference in stored] == ["my_ops:mish", "my_ops:leaky"]
    assert all(len(reference.partition("@")[2]) == 32 for reference in stored)
    found = {name: [row for row in rows() if name in row.text] for name in ("mish", "leaky")}
    assert found["mish"]
    assert found["leaky"]

    # What only lists imports nothing.
    for command in ("top", "pareto", "status", "candidates"):
        succeed(command, "r")
    succeed("runs")
    succeed("db", "check")
    assert "0 digests computed anew" in succeed("db", "upgrade")
    assert "my_ops" not in sys.modules
    assert not OWN

    # What computes asks for the functions, in words that can be copied.
    mish = next(row for row in found["mish"] if "leaky" not in row.text)
    leaky = found["leaky"][0]
    assert mish.digest
    assert leaky.digest
    asked = " --primitive my_ops:mish --primitive my_ops:leaky"
    for arguments in (
        ("show", mish.digest),
        ("export", "--no-measure", mish.digest, "--to", "out"),
        ("resume", "r", "--workers", "0"),
        ("replay", "r", str(mish.number)),
    ):
        refused = run(*arguments)
        assert refused.exit_code != 0
        assert asked in refused.stderr
        assert "no code is imported because a database names it" in refused.stderr
        assert not OWN
    assert "my_ops" not in sys.modules

    shown = as_json("show", mish.digest, *BOTH)
    assert (shown["digest"], shown["text"]) == (mish.digest, mish.text.replace("\n", "; "))
    succeed("export", "--no-measure", mish.digest, *BOTH, "--to", "out")
    source = Path("out/layer.py").read_text()
    assert (
        "def mish(x: torch.Tensor) -> torch.Tensor:\n    return x * torch.tanh(functional."
        in source
    )
    script = "import sys, torch, layer; layer.NormAct(8)(torch.randn(2, 8, 4, 4)).sum().backward();"
    script += "assert not {'my_ops', 'search_spaces', 'evonas'} & set(sys.modules)"
    alone = subprocess.run(
        [sys.executable, "-c", script], cwd="out", capture_output=True, text=True, env={"PATH": ""}
    )
    assert alone.returncode == 0, alone.stderr
    assert as_json("show", "out/layer.py", *BOTH)["digest"] == mish.digest

    refused = run("export", "--no-measure", leaky.digest, *BOTH, "--to", "other")
    assert refused.exit_code == 1
    assert "my_ops:leaky cannot stand in a module that needs torch alone: it uses 'SLOPE'" in (
        refused.stderr.replace("\n", " ")
    )
    assert not Path("other").exists()

    assert "the same: " in succeed("replay", "r", str(mish.number), *BOTH)
    in_a_new_process()
    succeed("resume", "r", "--budget", str(BUDGET + 1), "--workers", "0", *BOTH)
    assert len(rows()) == BUDGET + 1

    # A changed function is another one.
    in_a_new_process()
    ops.write_text(OPS.replace("0.25", "0.125"))
    refused = run("resume", "r", "--budget", "20", "--workers", "0", *BOTH)
    assert "my_ops:leaky is not the function that run 'r' began with" in refused.stderr
    assert refused.exit_code == 1
    refused = run("show", leaky.digest, *BOTH)
    assert "found with another function behind one of its primitives" in refused.stderr
    refused = run("search", "run.toml", "--name", "r", "--budget", "20", "--workers", "0")
    assert "run 'r' is there with another config" in refused.stderr
    in_a_new_process()
    ops.write_text(OPS.replace("def leaky", "def leeky"))
    refused = run("resume", "r", "--budget", "20", "--workers", "0", *BOTH)
    assert "has no 'leaky' (did you mean 'leeky'?)" in refused.stderr.replace("\n", " ")
    assert len(rows()) == BUDGET + 1


def test_a_run_that_ends_with_a_layer_that_cannot_stand_alone_says_so(ops: Path) -> None:
    ops.write_text(OPS.replace("x * torch.tanh", "SLOPE * x * torch.tanh"))
    assert "The best layer is not exported: my_ops:" in search()
    assert not Path("layers").exists()


def test_flags_and_file_add_up_and_are_pinned_once(ops: Path) -> None:
    assert "primitives = []" in succeed("search", "--print-config")
    shown = succeed("search", "run.toml", "--print-config", "--primitive", "my_ops:mish")
    assert shown.count("my_ops:mish@") == shown.count("my_ops:leaky@") == 1
    Path("pinned.toml").write_text(shown)
    assert succeed("search", "pinned.toml", "--print-config") == shown
    in_a_new_process()
    ops.write_text(OPS.replace("tanh", "sigmoid"))
    refused = run("search", "pinned.toml", "--print-config")
    assert refused.exit_code == 2
    assert "my_ops:mish has changed: its source has the hash" in refused.stderr


def test_the_listing_checks_a_function(ops: Path) -> None:
    rows = {row["name"]: row for row in as_json("primitives", "--primitive", "my_ops:mish")}
    assert rows["mish"] == {
        "name": "mish", "written": "mish(a)", "arity": 1, "computed": "mish(a)",
        "spaces": "my_ops:mish",
    }  # fmt: skip
    ops.write_text(OPS + "\n\ndef halved(x: torch.Tensor) -> torch.Tensor:\n    return 0.5 * x\n")
    in_a_new_process()
    refused = run("primitives", "--primitive", "my_ops:halved")
    assert refused.exit_code == 2
    assert "halved is affine in its inputs" in refused.stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("primitives=['os system']", "named as MODULE:FUNCTION"),
        ("primitives=['a:mish', 'b:mish']", "two functions with the name 'mish'"),
        ("primitives='my_ops:mish'", "primitives"),
    ],
)
def test_a_run_file_is_checked_without_importing(setting: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config("quick", None, (setting,))


def test_a_stored_configuration_imports_nothing(ops: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(ops.parent)
    stored = load_config("quick", None, ("primitives=['my_ops:mish']", "budget=3"))
    with ResultsDB.open("sqlite:///evonas.db") as db, SerialPool() as pool:
        db.create_run("r", 0, stored.to_dict(), budget=3)
        with pytest.raises(VocabularyError, match="go on with: evonas resume r --prim"):
            run_search(db, "r", pool, report=lambda _: None, stop=Stop())
        with pytest.raises(RunError, match="a fork keeps the primitives of 'r': my_ops:mish"):
            fork(db, "r", "f", ("primitives=['os.path:join']",))
        assert db.run("r").state != "running"
    for command in ("top", "status", "candidates", "pareto"):
        succeed(command, "r")


def test_a_run_without_pins_in_its_configuration_does_not_go_on(
    ops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a configuration was written by hand: nobody can tell which function it meant."""
    monkeypatch.syspath_prepend(ops.parent)
    stored = load_config("quick", None, ("primitives=['my_ops:mish']", "budget=3"))
    pinned = with_primitives(stored)
    assert "mish" in search_space(pinned).primitives
    with ResultsDB.open("sqlite:///evonas.db") as db, SerialPool() as pool:
        db.create_run("r", 0, stored.to_dict(), budget=3)
        with pytest.raises(VocabularyError, match="the run's my_ops:mish had none"):
            run_search(db, "r", pool, report=lambda _: None, stop=Stop())


@pytest.mark.slow
def test_a_run_on_ray_is_the_run_of_this_process(ops: Path) -> None:
    search()
    command = [
        *(sys.executable, "-m", "evonas.cli.app", "search", "run.toml", "--name", "r"),
        *("--budget", str(BUDGET), "--workers", "1", "--db", "sqlite:///ray.db"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with ResultsDB.open("sqlite:///ray.db") as db:
        there = [(r.graph_json, r.verdict, r.scores, r.class_sha256) for r in db.candidates("r")]
    assert there == [(r.graph_json, r.verdict, r.scores, r.class_sha256) for r in rows()]
