"""The source archive builds a wheel, and the wheel runs where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from results_db.tables import SCHEMA_VERSION
from search_spaces.zoo import ZOO

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("evonas", "search_spaces", "workers", "results_db")
TINY = (
    *("--set", "evaluation.training={steps=3, batch=8, warmup=0, schedule='constant'}"),
    *("--set", "evaluation.anchors.vit.warmup=0", "--set", "evaluation.quality.factor=0.0"),
    *("--set", "evaluation.data.train=64", "--set", "evaluation.data.validation=64"),
    *("--set", "baselines=['BN-ReLU']", "--budget", "2"),
)


def run(*command: str | Path, at: Path, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        [*map(str, command)], cwd=at, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built of a source archive that was built of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("built")
    copy = folder / "copy"
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / package, copy / package, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy)
    build = "from setuptools import build_meta; build_meta.build_{}('{}')"
    run(sys.executable, "-c", build.format("sdist", folder), at=copy)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    run(sys.executable, "-c", build.format("wheel", folder), at=source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with the wheel; its dependencies are those of this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    found = home / "bin"
    pip = (sys.executable, "-m", "pip", "--python", found / "python", "--quiet")
    run(*pip, "install", "--no-deps", "--no-index", wheel, at=home)
    site = run(found / "python", "-c", "import site; print(site.getsitepackages()[0])", at=home)
    # A path in a .pth file is searched last, and .pth files there (of a checkout) are not read.
    (Path(site.strip()) / "others.pth").write_text(sysconfig.get_path("purelib"))
    return found


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A directory whose own folders have the names of our packages."""
    for name in ("workers", "results_db"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('this is the user own')\n")
    return tmp_path


@pytest.fixture
def clean() -> dict[str, str]:
    """The variables of this process without what leads to the checkout."""
    ours = ("PYTHONPATH", "EVONAS_DB", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in ours}


def test_the_wheel_holds_every_module_and_the_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    here = {
        path.relative_to(CHECKOUT).as_posix()
        for package in PACKAGES
        for path in (CHECKOUT / package).rglob("*")
        if path.suffix in (".py", ".toml", ".typed")
    }
    assert here <= names
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_commands_run_outside_the_checkout(
    programs: Path, user: Path, clean: dict[str, str]
) -> None:
    def evonas(*arguments: str) -> str:
        return run(programs / "evonas", *arguments, at=user, env=clean)

    where = "import evonas, workers, results_db; print(evonas.__file__, workers.__file__)"
    files = run(programs / "python", "-P", "-c", where, at=user, env=clean).split()
    assert all(str(programs.parent) in file for file in files)
    assert all(name in evonas("zoo") for name in ZOO)
    assert "known as" in evonas("show", "x * sigmoid(v1 * x) / std[sg](x)", "--svg", "s0.svg")
    assert (user / "s0.svg").read_text().startswith("<svg")
    # With Ray, which puts the directory of the driver on the path of its workers.
    shown = evonas("search", *TINY, "--name", "tiny", "--workers", "1")
    assert "Run tiny: finished, 2 of 2 candidates" in shown
    assert len(evonas("candidates", "tiny", "--format", "csv").splitlines()) == 3


def test_a_database_of_the_first_version_is_upgraded(
    programs: Path, user: Path, clean: dict[str, str]
) -> None:
    """The migrations are in the wheel."""
    shutil.copy(CHECKOUT / "tests/results_db/stored/version_1.sqlite", user / "evonas.db")
    shown = run(programs / "evonas", "db", "upgrade", at=user, env=clean)
    assert str(SCHEMA_VERSION) in shown
    assert "first" in run(programs / "evonas", "runs", at=user, env=clean)
