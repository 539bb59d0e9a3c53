"""`evonas show`: one layer, with all that is known of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Database,
    Format,
    FormatOption,
    LayerArgument,
    PrimitiveOption,
)

if TYPE_CHECKING:
    from evonas.layers import Layer
    from results_db.store import ResultsDB


def show(
    layer: LayerArgument,
    primitive: PrimitiveOption = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show a layer: formula, properties, and its scores and ancestors where runs found it."""
    from evonas.cli.output import Column, emit
    from evonas.cli.own_primitives import register
    from evonas.cli.property_words import flat_facts
    from evonas.cli.stored import database_if_any
    from evonas.layers import resolve

    register(primitive)
    with database_if_any(db) as results:
        facts = layer_facts(resolve(layer, results), results)
    match format:
        case Format.JSON:
            print(json.dumps(facts, indent=2))
        case Format.CSV:
            row = {**facts, **flat_facts(facts["properties"])}
            columns = [Column(key) for key in row if key not in ("found", "measured", "properties")]
            emit(columns, [row], format)
        case Format.TABLE:
            _print(facts)


def layer_facts(layer: Layer, db: ResultsDB | None) -> dict[str, Any]:
    """All that is known of a layer, JSON-able."""
    from evonas.cli.property_words import property_facts
    from evonas.layers import one_line, short
    from evonas.leaderboard import ancestors, anchors_of
    from search_spaces.zoo import ZOO

    return {
        "formula": layer.text,
        "text": one_line(layer.text),
        "digest": layer.digest,
        "equal_to": layer.zoo,
        "source": ZOO[layer.zoo].source if layer.zoo else None,
        "properties": property_facts(layer.graph),
        "found": [
            {
                "run": found.run,
                "number": found.candidate.number,
                "verdict": found.candidate.verdict,
                "reason": found.candidate.reason,
                "scores": {
                    anchor: found.candidate.scores[anchor]
                    for anchor in anchors_of(db.run(found.run))
                    if anchor in found.candidate.scores
                },
                "mean": found.candidate.mean_score,
                "parent": found.candidate.parent,
                "donor": found.candidate.donor,
                "ancestors": [
                    {
                        "number": a.number,
                        "digest": short(a.digest),
                        "text": one_line(a.text),
                        "mean": a.mean_score,
                        "parent": a.parent,
                        "donor": a.donor,
                    }
                    for a in ancestors(db, found.run, found.candidate)
                ],
            }
            for found in layer.found
            if db is not None
        ],
        "measured": [] if db is None else _measured(layer, db),
    }


def _measured(layer: Layer, db: ResultsDB) -> list[dict[str, Any]]:
    """The scores of a layer as a baseline of runs."""
    from evonas.leaderboard import anchors_of, measured

    return [
        {
            "run": run,
            "baseline": entry.name,
            "verdict": entry.verdict,
            "reason": entry.reason,
            "scores": {
                anchor: entry.scores[anchor]
                for anchor in anchors_of(db.run(run))
                if anchor in entry.scores
            },
            "mean": entry.mean,
        }
        for run, entry in measured(db, layer.digest)
    ]


def _print(facts: dict[str, Any]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from evonas.cli.output import stdout
    from evonas.cli.property_words import property_lines
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
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if facts["equal_to"]:
        grid.add_row("known as", Text.assemble((facts["equal_to"], "bold"), f"  {facts['source']}"))
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
    if not facts["found"] and not facts["measured"]:
        console.print(
            Padding(
                Text("No run in this database has scored this layer.", style="dim"), (1, 2, 0, 2)
            )
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
