"""What `import evonas` offers: examples that run, types that a user's script is checked by."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import evonas
import evonas.api
from evonas.api.arguments import overrides_of
from evonas.layers import LayerError, resolve
from results_db import RunNotFound
from search_spaces.errors import TextError
from search_spaces.zoo import zoo_graph
from tests.evonas.command_line import as_json
from tests.evonas.rerank_runs import RUN as SEARCHED
from tests.evonas.rerank_runs import SETTINGS, searched
from tests.evonas.small_database import BEST, HISTORY, RUN, SCORES

MODULES = [f"evonas.api.{module.name}" for module in pkgutil.iter_modules(evonas.api.__path__)]


def test_every_name_is_there_and_its_own() -> None:
    for name in evonas.__all__:
        assert callable(getattr(evonas, name))
        assert getattr(evonas, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = evonas.serach  # type: ignore[attr-defined]


def test_the_package_lists_what_it_offers() -> None:
    """Also after functions were asked for, which leaves the modules they import in the package."""
    assert evonas.score
    assert [name for name in dir(evonas) if not name.startswith("__")] == sorted(evonas.__all__)
    assert {"__all__", "__doc__", "__name__"} <= set(dir(evonas))


def test_no_module_takes_the_place_of_a_function() -> None:
    modules = {module.name for module in pkgutil.iter_modules(evonas.__path__)}
    assert not modules & set(evonas.__all__)


def test_importing_evonas_imports_nothing_heavy() -> None:
    heavy = ("torch", "ray", "sqlalchemy", "pydantic", "numpy", "networkx", "pandas", "typer")
    code = f"import sys, evonas; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings_run(here: Path, module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0
    examples = {"evonas.api.arguments": 0}
    assert results.attempted >= examples.get(module, 3)


def test_the_readme_s_example_runs(here: Path) -> None:
    """The block of Python there; examples that need the results of a search stand outside it."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(>>> import evonas\n.*?)```", readme, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 8
    assert doctest.DocTestRunner().run(test).failed == 0


def test_a_layer_of_a_run(database: Path) -> None:
    layer = evonas.Layer(str(HISTORY[3].digest)[3:9])
    assert layer == evonas.Layer(BEST)
    assert layer != evonas.Layer("tanh")
    assert len({layer, evonas.Layer(BEST), evonas.Layer(layer)}) == 1
    assert repr(layer) == f"Layer({layer.text!r})"
    assert evonas.Layer(layer.digest, db=f"sqlite:///{database}/evonas.db") == layer
    assert layer._repr_svg_() == layer.svg()
    with pytest.raises(LayerError, match="no digest in the database"):
        evonas.Layer("abcdef")
    with pytest.raises(TextError, match="column 4"):
        evonas.Layer("x +")


@pytest.mark.parametrize("given", [3, None, zoo_graph("ReLU"), ["tanh"]])
def test_what_names_no_layer_is_told(here: Path, given: Any) -> None:
    kind = type(given).__name__
    for ask in (evonas.Layer, lambda layer: evonas.score([layer]), resolve):
        with pytest.raises(
            LayerError, match=rf"text or the Path of a file, given {kind} .*\nallow"
        ):
            ask(given)


def test_a_score_takes_the_path_of_an_export(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = evonas.export("EvoNorm-S0", here / "out").path
    asked: list[str] = []

    def subjects(names: list[str], *_: Any, **__: Any) -> None:
        asked.extend(names)
        raise LayerError("enough")

    monkeypatch.setattr("evonas.api.score.subjects", subjects)
    for layers in (path, [path]):
        with pytest.raises(LayerError, match="enough"):
            evonas.score(layers, workers=0)
    assert asked == [str(path)] * 2


def test_settings_may_be_nested_and_are_checked() -> None:
    from evonas.api.arguments import config_of
    from evonas.config_errors import ConfigError

    config = config_of("quick", None, {"evolution": {"lag": 7}, "require": ["causal"]})
    assert (config.evolution.lag, config.require) == (7, ("causal",))
    assert config == config_of("quick", None, {"evolution.lag": 7, "require": ("causal",)})
    with pytest.raises(ConfigError, match="did you mean 'lag'"):
        config_of("quick", None, {"evolution.lga": 7})


def test_a_score_needs_a_seed() -> None:
    with pytest.raises(ValueError, match="at least 1; given 0"):
        evonas.score("tanh(x)", seeds=0)


@pytest.mark.parametrize("layers", [[], ()])
def test_a_score_needs_a_layer(
    here: Path, monkeypatch: pytest.MonkeyPatch, layers: Sequence[str]
) -> None:
    monkeypatch.setattr("workers.pools.serial.SerialPool.submit", None)  # nothing is trained
    with pytest.raises(ValueError, match="give at least one layer"):
        evonas.score(layers, workers=0)
    assert not list(here.iterdir())


def test_a_rerank_is_that_of_the_command(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    searched()
    settings = {
        key: tomllib.loads(f"value = {value}")["value"]
        for key, _, value in (setting.partition("=") for setting in SETTINGS)
    }
    arguments: dict[str, Any] = {
        "top": 1,
        "beside": evonas.Layer("tanh(x)"),
        "preset": "quick",
        "settings": settings,
        "anchors": ["resnet"],
        "seeds": 2,
        "rate_seeds": 1,
        "workers": 0,
    }
    trained: list[bool] = []
    with caplog.at_level("INFO"):
        found = evonas.rerank(
            SEARCHED, **arguments, rates=[1], report=lambda trial, *_: trained.append(trial.tested)
        )
    assert "batch 4 (run: 8)" in caplog.text
    assert "looked at" not in caplog.text
    assert trained == [False] * 4 + [True] * 4 * 2
    assert [s.layer.kind for s in found.standings] == ["found", "given", "baseline", "baseline"]
    assert found.best == found.standings[0]
    assert len(found.comparisons) == 3
    assert not found.failures
    evonas.rerank(**arguments, rates=[1, 3])  # of the latest run
    assert "its test data have been looked at" in caplog.text
    command = ["rerank", SEARCHED, "--top", "1", "--with", "tanh(x)", "--anchors", "resnet"]
    command += ["--seeds", "2", "--rate-seeds", "1", "--rates", "1", "--workers", "0"]
    command += ["--preset", "quick"]
    command += [part for text in overrides_of(settings) for part in ("--set", text)]
    with pytest.MonkeyPatch.context() as patch:  # all is stored
        patch.setattr("workers.pools.serial.SerialPool.submit", None)
        rows = as_json(*command)
    assert [row["test"]["resnet"] for row in rows] == [
        list(standing.layer.results["resnet"].test) for standing in found.standings
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"top": 0}, "top is how many of the best layers are trained, at least 1; given 0"),
        ({"seeds": 1}, "seeds may be 2 to 1000; given 1"),
        ({"rate_seeds": 0}, "rate_seeds may be 1 to 1000; given 0"),
        ({"rates": []}, r"rates are positive factors such as \(0.3, 1, 3\); given \(\)"),
        ({"rates": [1, -1]}, "rates are positive factors"),
        ({"rates": [float("nan")]}, "rates are positive factors"),
    ],
)
def test_numbers_of_a_rerank_that_cannot_be(
    here: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        evonas.rerank(**arguments)
    assert not list(here.iterdir())


def test_frames_of_candidates_and_of_a_board(database: Path) -> None:
    pytest.importorskip("pandas")
    from evonas.leaderboard import leaderboard
    from results_db import ResultsDB

    frame: Any = evonas.to_dataframe()
    assert list(frame.index) == list(range(6))
    assert frame.loc[3, list(SCORES)].to_dict() == SCORES
    assert frame.loc[3, "mean"] == 0.625
    assert frame["mean"].isna().sum() == 4
    with ResultsDB.open("sqlite:///evonas.db") as db:
        board = leaderboard(db, RUN)
        db.create_run("empty", 0, db.run(RUN).config)
    found = evonas.to_dataframe(board)
    assert list(found.index)[2:] == ["BN-ReLU", "rectifier"]
    assert found.loc["BN-ReLU", "resnet"] == 0.875
    assert len(evonas.to_dataframe("empty")) == 0
    with pytest.raises(RunNotFound, match="frist"):
        evonas.to_dataframe("frist")


def test_without_pandas_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'evonas\[pandas\]'"):
        evonas.to_dataframe()


SCRIPT = """\
import evonas

layer = evonas.Layer("max(x, 0)")
names: list[str] = [layer.name, layer.text, layer.digest]
mixes: bool = layer.properties.mixes_batch
path = evonas.export(layer, "out").path.as_posix()
board = evonas.search(settings={"budget": 1}, workers=0)
best: float | None = board.found[0].mean
scores = evonas.score([layer, "GN-ReLU"], seeds=1)
value = scores[0].score("resnet")
again = evonas.rerank(top=1, beside=layer, rates=[1])
mean: float | None = None if again.best is None or again.best.mean is None else again.best.mean.mean
half: float | None = None if value is None else value.half
frame = evonas.to_dataframe(board)
report = evonas.swap(layer.module(8), "EvoNorm-S0")
"""
MISTAKES = """\
import evonas

evonas.Layer(3)
evonas.search(budget=3)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("script", "faults"), [(SCRIPT, 0), (MISTAKES, 2)])
def test_mypy_reads_a_script_of_a_user(here: Path, script: str, faults: int) -> None:
    """Slow: mypy reads torch's types anew."""
    Path("mine.py").write_text(script)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "mine.py"]
    # An editable installation is found by a hook that mypy does not run.
    path = {**os.environ, "MYPYPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == faults, done.stdout
