"""`evonas zoo`: the known layers."""

from __future__ import annotations

from evonas.cli.options import Format, FormatOption


def zoo(format: FormatOption = Format.TABLE) -> None:
    """List the known layers: baselines, and names that every command takes."""
    from evonas.cli.output import Column, emit
    from evonas.cli.words import formula
    from evonas.layers import one_line, short
    from search_spaces.canonical import digest
    from search_spaces.zoo import ZOO, zoo_graph

    in_table = format is Format.TABLE
    rows = [
        {
            "name": layer.name,
            "text": formula(layer.text) if in_table else one_line(layer.text),
            "digest": short(digest(zoo_graph(layer.name)))
            if in_table
            else digest(zoo_graph(layer.name)),
            "source": layer.source,
        }
        for layer in ZOO.values()
    ]
    columns = [
        Column("name", style="bold"),
        Column("text", "formula, before * weight + bias", fold=True),
        Column("digest"),
        Column("source", style="dim", fold=True),
    ]
    emit(columns, rows, format)
