"""`evonas spaces`: the search spaces."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.options import Format, FormatOption


def spaces(
    space: Annotated[
        str | None,
        typer.Argument(metavar="[SPACE]", help="One of them alone, or a TOML file of your own."),
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List the search spaces; one alone with its primitives."""
    from evonas.cli.output import Column, emit, number
    from search_spaces.space import SPACES
    from search_spaces.space_file import find_space

    listed = SPACES.values() if space is None else [find_space(space)]

    rows = [
        {
            "name": each.name,
            "initial": ", ".join(each.initial),
            "num_nodes": each.num_nodes,
            "num_primitives": len(each.primitives),
            "primitives": ", ".join(each.primitives),
            "requirements": ", ".join(each.requirements),
        }
        for each in listed
    ]
    columns = [
        Column("name", style="bold"),
        Column("initial", "initial nodes", fold=True),
        number("num_nodes", "nodes"),
        number("num_primitives", "primitives", table=space is None),
        Column("requirements", fold=True),
        Column("primitives", fold=True, table=space is not None),
    ]
    emit(columns, rows, format)
