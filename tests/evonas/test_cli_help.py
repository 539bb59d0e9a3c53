"""The command line starts fast and documents itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from evonas.cli.app import app
from tests.evonas.command_line import succeed

HEAVY = ("torch", "ray", "sqlalchemy", "pydantic", "numpy", "sklearn", "networkx")


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; sys.argv = ['evonas', '--help']\n"
        "from evonas.cli.app import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "search" in done.stdout


def test_help_names_every_command() -> None:
    shown = succeed("--help")
    names = [command.name for command in app.registered_commands]
    assert len(names) == 23
    assert all(name is not None and name in shown for name in names)


@pytest.mark.parametrize("name", [str(command.name) for command in app.registered_commands])
def test_every_command_has_help(name: str) -> None:
    assert "Usage" in succeed(name, "--help")


def test_version() -> None:
    assert succeed("--version").startswith("evonas ")
