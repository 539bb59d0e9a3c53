"""`evonas export`: a layer as a torch-only Python module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, LayerArgument, PrimitiveOption


def export(
    layer: LayerArgument,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="Where the files go; layers/<digest> if not given."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the class; by default it says what the layer is."),
    ] = None,
    primitive: PrimitiveOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that hold something else.")
    ] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a layer as DIR/layer.py, which needs torch alone."""
    from rich.text import Text

    from evonas.cli.output import stderr, stdout
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_if_any
    from evonas.exports.export import export_layer
    from evonas.layers import resolve, short

    register(primitive)
    with database_if_any(db) as results:
        found = resolve(layer, results)
        exported = export_layer(
            found,
            to or Path("layers") / short(found.digest),
            results,
            name=name,
            overwrite=force,
        )
    stdout().print(Text(str(exported.path)), soft_wrap=True)
    made = exported.class_name
    hint = f"from layer import {made}  # {made}(64) stands for nn.BatchNorm2d(64) and an activation"
    stderr().print(Text(hint, style="dim"), soft_wrap=True)
