"""`evonas spaces`: the search spaces."""

from __future__ import annotations

from evonas.cli.options import Format, FormatOption


def spaces(format: FormatOption = Format.TABLE) -> None:
    """List the search spaces."""
    from evonas.cli.output import Column, emit, number
    from search_spaces.space import SPACES

    rows = [
        {
            "name": space.name,
            "initial": ", ".join(space.initial),
            "num_nodes": space.num_nodes,
            "num_primitives": len(space.primitives),
            "primitives": ", ".join(space.primitives),
            "requirements": ", ".join(space.requirements),
        }
        for space in SPACES.values()
    ]
    columns = [
        Column("name", style="bold"),
        Column("initial", "initial nodes"),
        number("num_nodes", "nodes"),
        number("num_primitives", "primitives"),
        Column("requirements"),
        Column("primitives", table=False),
    ]
    emit(columns, rows, format)
