"""`evonas`: the Typer application; one file per command, heavy imports inside the commands."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from evonas.cli import (
    anchors,
    audit,
    calibrate,
    candidates,
    clean,
    db,
    diff,
    export,
    fork,
    lineage,
    pareto,
    primitives,
    replay,
    rerank,
    resume,
    runs,
    score,
    search,
    show,
    simulate,
    spaces,
    status,
    top,
    zoo,
)
from evonas.cli.errors import INTERRUPTED, exit_code


class _Commands(TyperGroup):
    """Turns expected errors into a line or two on standard error."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # `evonas candidates | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            code = exit_code(error)
            if code is None:
                raise
            _print_error(str(error))
            raise typer.Exit(code) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Search": {
        "search": search.search,
        "resume": resume.resume,
        "fork": fork.fork,
        "replay": replay.replay,
    },
    "What was found": {
        "runs": runs.runs,
        "status": status.status,
        "candidates": candidates.candidates,
        "audit": audit.audit,
        "top": top.top,
        "pareto": pareto.pareto,
        "show": show.show,
        "diff": diff.diff,
        "lineage": lineage.lineage,
        "rerank": rerank.rerank,
        "score": score.score,
        "calibrate": calibrate.calibrate,
        "simulate": simulate.simulate,
        "export": export.export,
    },
    "What there is": {
        "zoo": zoo.zoo,
        "spaces": spaces.spaces,
        "primitives": primitives.primitives,
        "anchors": anchors.anchors,
    },
}
for panel, commands in _COMMANDS.items():
    for name, function in commands.items():
        app.command(name, rich_help_panel=panel)(function)
app.command("clean", rich_help_panel="Database")(clean.clean)
app.add_typer(db.app, name="db", rich_help_panel="Database")


def _print_version(wanted: bool) -> None:
    if wanted:
        from evonas.version import version

        print(f"evonas {version()}")
        raise typer.Exit


@app.callback()
def _evonas(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log more to standard error.")
    ] = False,
) -> None:
    """Discover normalization-activation layers for neural networks by evolution.

    Start with [bold]evonas search --preset quick[/bold]: it ends with a layer that you can import.
    """
    from evonas.cli.output import LogToStandardError

    handler = LogToStandardError()
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler], force=True
    )


def _print_error(message: str) -> None:
    from rich.text import Text

    from evonas.cli.output import stderr

    stderr().print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def main() -> None:
    """Entry point of the `evonas` command."""
    app()


if __name__ == "__main__":
    main()
