"""An export, from Python."""

from __future__ import annotations

from pathlib import Path

from evonas.api.arguments import database_url
from evonas.api.layer import Layer
from evonas.exports.export import Exported, Extras, export_layer
from evonas.layers import resolve
from evonas.stored import database_if_any


def export(
    layer: str | Path | Layer,
    to: str | Path,
    *,
    name: str | None = None,
    extras: Extras | None = None,
    overwrite: bool = False,
    db: str | None = None,
) -> Exported:
    """Write a layer to the folder `to` as a module that needs torch alone; where it is.

    layer: anything that `evonas.Layer` takes. name: of the class, one that says what the layer is
    if not given. extras: what else to write, such as `evonas.exports.export.Extras(onnx=True)`; a
    card is among it, with measurements that take a while. Scores and run in its docstring come
    from the database.

    Raises LayerError, TextError, and ExportError if another file is in the way (unless
    `overwrite`), or if the layer needs more than torch.

    >>> import evonas
    >>> exported = evonas.export("x * sigmoid(v1 * x) / std[sg](x)", "out")
    >>> exported.path.as_posix()
    'out/layer.py'
    >>> evonas.Layer(exported.path).name
    'EvoNorm-S0'
    """
    given = layer.text if isinstance(layer, Layer) else layer
    with database_if_any(database_url(db)) as results:
        return export_layer(
            resolve(given, results),
            Path(to),
            results,
            name=name,
            extras=extras,
            overwrite=overwrite,
        )
