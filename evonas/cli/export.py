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
            "--to", metavar="DIR", help="Where layer.py goes; layers/<digest> if not given."
        ),
    ] = None,
    primitive: PrimitiveOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a layer.py that holds something else.")
    ] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a layer as DIR/layer.py, which needs torch alone."""
    from rich.text import Text

    from evonas.cli.output import stderr, stdout
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_if_any
    from evonas.export import export_layer
    from evonas.layers import resolve, short

    register(primitive)
    with database_if_any(db) as results:
        found = resolve(layer, results)
        exported = export_layer(
            found, to or Path("layers") / short(found.digest), results, overwrite=force
        )
    stdout().print(Text(str(exported.path)), soft_wrap=True)
    hint = (
        "from layer import NormAct  # NormAct(64) stands for nn.BatchNorm2d(64) and an activation"
    )
    stderr().print(Text(hint, style="dim"), soft_wrap=True)
