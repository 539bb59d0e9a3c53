"""How a command ends whose results are stored, where the machine failed on some of its work."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console

from evonas.cli.errors import FAILED
from search_spaces.errors import counted

_SHOWN = 10


def end_if_failed(failures: Sequence[str], noun: str, console: Console) -> None:
    """Tells how many failed and why, and exits; the same command trains what is missing."""
    if not failures:
        return
    console.print(f"{counted(len(failures), noun)} failed; the same command tries again:")
    for failure in failures[:_SHOWN]:
        console.print(f"  {failure}", markup=False)
    raise typer.Exit(FAILED)
