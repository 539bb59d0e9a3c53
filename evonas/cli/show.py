"""`evonas show`: one layer, with all that is known of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Database,
    Format,
    FormatOption,
    LayerArgument,
    PrimitiveOption,
)

if TYPE_CHECKING:
    from rich.text import Text

    from evonas.layers import Layer


def show(
    layer: LayerArgument,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Write a drawing of the graph there, too."),
    ] = None,
    primitive: PrimitiveOption = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show a layer: formula, graph, properties, the nearest known layer, and its scores and
    ancestors where runs found it.
    """
    from evonas.cli.layer_facts import flat_rows, layer_facts
    from evonas.cli.output import Column, emit
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_if_any
    from evonas.layers import resolve

    register(primitive)
    with database_if_any(db) as results:
        shown = resolve(layer, results)
        facts = layer_facts(shown, results)
    if svg is not None:
        _draw(shown, svg)
    match format:
        case Format.JSON:
            print(json.dumps(facts, indent=2))
        case Format.CSV:
            rows = flat_rows(facts)
            emit([Column(key) for key in rows[0]], rows, format)
        case Format.TABLE:
            _print(facts, shown)


def _draw(layer: Layer, file: Path) -> None:
    from evonas.drawing import svg

    if file.suffix.lower() != ".svg":
        raise typer.BadParameter(
            f"{file} is to be an SVG drawing; give a name that ends in .svg", param_hint="--svg"
        )
    text = svg(layer.graph)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"{file} cannot be written: {error.strerror}; give a file in a directory that is there",
            param_hint="--svg",
        ) from None


def _print(facts: dict[str, Any], layer: Layer) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from evonas.cli.output import stdout
    from evonas.cli.property_words import property_lines
    from evonas.cli.tree import tree_lines
    from evonas.cli.words import formula

    console = stdout()
    *parts, output = facts["formula"].split("\n")
    lines = [*parts, f"y = {output}"]
    console.print(Padding(Text("\n".join(lines), style="bold cyan"), (1, 2, 0, 2), expand=False))
    console.print(
        Padding(
            Text("then y * weight + bias, one of each per channel", style="dim"),
            (0, 2, 1, 2),
            expand=False,
        )
    )
    for line in tree_lines(layer.graph):
        console.print(Text.assemble("  ", line), soft_wrap=True)
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if facts["equal_to"]:
        grid.add_row("known as", Text.assemble((facts["equal_to"], "bold"), f"  {facts['source']}"))
    if (nearest := facts["nearest"]) is not None:
        grid.add_row("nearest known", _nearest(nearest))
    if parts:
        grid.add_row("text form", formula(facts["text"]))
    grid.add_row("digest", facts["digest"])
    for name, value in property_lines(facts["properties"]):
        grid.add_row(name, value)
    console.print(Padding(grid, (0, 2), expand=False))
    for found in facts["found"]:
        _print_found(found)
    for found in facts["measured"]:
        _print_scored(found, f"baseline {found['baseline']}")
    for found in facts["reranked"]:
        run = (found["run"], "bold")
        console.print(Text.assemble("\n  run ", run, ", reranked: ", found["said"]))
    if not facts["found"] and not facts["measured"] and not facts["reranked"]:
        console.print(
            Padding(
                Text("No run in this database has scored this layer.", style="dim"), (1, 2, 0, 2)
            )
        )


def _nearest(nearest: dict[str, Any]) -> str:
    from search_spaces.errors import counted

    count, most = nearest["distance"], "" if nearest["is_least"] else "at most "
    return (
        f"{nearest['name']}, {most}{counted(count, 'edit')} of values and inputs "
        f"away (graph edit distance); `evonas diff` shows them"
    )


def _print_found(found: dict[str, Any]) -> None:
    from evonas.cli.output import Column, number, print_table, stdout
    from evonas.cli.words import formula

    grafted = f", with a piece of candidate {found['donor']}" if found["donor"] is not None else ""
    _print_scored(found, f"candidate {found['number']}", grafted)
    if found["ancestors"]:
        rows = [{**ancestor, "text": formula(ancestor["text"])} for ancestor in found["ancestors"]]
        columns = [
            number("number", "  ancestor"),
            Column("digest", style="bold"),
            Column("text", "formula", fold=True),
            number("mean"),
            number("donor", "piece of", table=any(row["donor"] is not None for row in rows)),
        ]
        stdout().print()
        print_table(columns, rows)


def _print_scored(found: dict[str, Any], as_: str, more: str = "") -> None:
    """The verdict and scores of a layer in a run, `as_` a candidate or a baseline of it."""
    from rich.text import Text

    from evonas.cli.output import stdout
    from evonas.cli.words import verdict_text

    line = Text.assemble(
        "\n  run ", (found["run"], "bold"), f", {as_}: ", verdict_text(found["verdict"])
    )
    line.append(f", {found['reason']}{more}" if found["reason"] else more)
    stdout().print(line)
    if found["scores"]:
        scores = "   ".join(f"{anchor} {score:.3f}" for anchor, score in found["scores"].items())
        mean = f"   mean {found['mean']:.3f}" if found["mean"] is not None else ""
        stdout().print(Text.assemble("  ", (scores, ""), (mean, "bold")))
    for line in _further_seeds(found):
        stdout().print(line)


def _further_seeds(found: dict[str, Any]) -> list[Text]:
    """The means over several seeds, and what went wrong on one."""
    from rich.text import Text

    from evonas.cli.words import verdict_text

    lines = []
    if found.get("seeds", 0) > 1:
        means = found["mean_scores"]
        scores = "   ".join(f"{anchor} {means[anchor]:.3f}" for anchor in found["scores"])
        whole = f"   mean {sum(means.values()) / len(means):.3f}"
        lines.append(Text.assemble(f"  over {found['seeds']} seeds: ", scores, (whole, "bold")))
    for row in found.get("further_seeds", ()):
        if row["reason"]:
            ended = verdict_text(row["verdict"])
            lines.append(Text.assemble(f"  seed {row['seed']}: ", ended, f", {row['reason']}"))
    return lines
