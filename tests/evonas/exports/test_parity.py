"""`test_layer.py` of an export: it passes without evonas, and fails for another layer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evonas.exports.export import export_layer
from evonas.layers import resolve
from tests.support.layers import TEXTS

CHECKED = ("BN-ReLU", "EvoNorm-S0", "log(x + v0) / rms[sc](x) + alpha")

# Nothing of ours can be imported, though the interpreter's site-packages have it.
_SCRIPT = """
import sys
sys.modules.update(dict.fromkeys(("evonas", "search_spaces", "workers", "results_db")))
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-W", "error", *sys.argv[1:]]))
"""


def passed(folder: Path) -> tuple[int, str]:
    """The exit code and the output of pytest in an exported folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _SCRIPT, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("text", [*TEXTS[1:2], "SELU"])
def test_it_passes_with_pytest_and_torch_alone(text: str, tmp_path: Path) -> None:
    export_layer(resolve(text), tmp_path)
    code, output = passed(tmp_path)
    assert code == 0, output
    assert "23 passed" in output


def test_it_fails_for_a_layer_that_computes_something_else(tmp_path: Path) -> None:
    export_layer(resolve("x * sigmoid(v1 * x) / std[sg](x)"), tmp_path)
    path = tmp_path / "layer.py"
    path.write_text(path.read_text().replace("sigmoid", "tanh"))
    code, output = passed(tmp_path)
    assert code == 1
    for name in ("test_training", "test_evaluation", "test_the_code_is_what_was_trained"):
        assert f"FAILED test_layer.py::{name}" in output


@pytest.mark.parametrize("text", CHECKED)
def test_both_files_pass_ruff(text: str, tmp_path: Path) -> None:
    export_layer(resolve(text), tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    ours = ["--config", str(Path(__file__).parents[3] / "pyproject.toml")]
    succeed([*ruff, "check", "--no-cache", "--isolated", "."], tmp_path)
    succeed([*ruff, "check", "--no-cache", *ours, "."], tmp_path)
    succeed([*ruff, "format", "--no-cache", "--check", *ours, "."], tmp_path)


@pytest.mark.slow
def test_both_files_pass_mypy(tmp_path: Path) -> None:
    export_layer(resolve(CHECKED[0]), tmp_path)
    succeed([sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", "."], tmp_path)


def succeed(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
