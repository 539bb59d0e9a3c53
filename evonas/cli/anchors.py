"""`evonas anchors`: the proxy networks that a layer is trained in."""

from __future__ import annotations

from evonas.cli.options import Format, FormatOption


def anchors(format: FormatOption = Format.TABLE) -> None:
    """List the anchors: the proxy networks that every candidate is trained in."""
    import inspect
    import sys
    from dataclasses import fields

    from evonas.cli.output import Column, emit
    from workers.anchors import ANCHORS

    rows = []
    for name, anchor in ANCHORS.items():
        about = inspect.getdoc(sys.modules[anchor.build.__module__]) or ""
        rows.append(
            {
                "name": name,
                "about": about.partition("\n")[0],
                "takes": anchor.takes,
                "requires": ", ".join(anchor.requires) or None,
                "settings": ", ".join(field.name for field in fields(anchor.config)),
            }
        )
    columns = [
        Column("name", style="bold"),
        Column("about", fold=True),
        Column("takes"),
        Column("requires"),
        Column("settings", fold=True, style="dim"),
    ]
    emit(columns, rows, format)
