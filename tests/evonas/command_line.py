"""Calling the real application, as a user does."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from evonas.cli.app import app


def run(*arguments: str) -> Result:
    """`evonas ARGUMENTS...`; an unexpected exception is raised here too."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def succeed(*arguments: str) -> str:
    """The standard output of a command that must succeed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def as_json(*arguments: str) -> Any:
    """The standard output as JSON."""
    return json.loads(succeed(*arguments, "--format", "json"))
