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
    measure: Annotated[
        bool, typer.Option(help="Measure cost, batch sensitivity and low precision for the card.")
    ] = True,
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Steps of the trainings in low precision; 1000."),
    ] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Write layer.onnx too, checked with onnxruntime.")
    ] = False,
    program: Annotated[
        bool, typer.Option("--program", help="Write layer.pt2 too, a torch.export program.")
    ] = False,
    channels: Annotated[
        int, typer.Option(min=2, metavar="N", help="Channels of layer.onnx and layer.pt2.")
    ] = 64,
    primitive: PrimitiveOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that hold something else.")
    ] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a layer as DIR/layer.py, which needs torch alone, with its test and a card."""
    from rich.text import Text

    from evonas.cli.output import stderr, stdout
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_if_any
    from evonas.exports.export import Extras, export_layer
    from evonas.exports.measurements import LONG
    from evonas.exports.onnx_file import check_can_write_onnx
    from evonas.layers import resolve, short

    register(primitive)
    if onnx:
        check_can_write_onnx()
    extras = Extras((steps or LONG) if measure else None, onnx, program, channels)
    with database_if_any(db) as results:
        found = resolve(layer, results)
        if measure:
            waiting = "measuring for the card: a minute or so; --no-measure leaves it out"
            stderr().print(Text(waiting, style="dim"), soft_wrap=True)
        exported = export_layer(
            found,
            to or Path("layers") / short(found.digest),
            results,
            name=name,
            extras=extras,
            overwrite=force,
        )
    for path in exported.files:
        stdout().print(Text(str(path)), soft_wrap=True)
    made = exported.class_name
    hint = f"from layer import {made}  # {made}(64) stands for nn.BatchNorm2d(64) and an activation"
    stderr().print(Text(hint, style="dim"), soft_wrap=True)
