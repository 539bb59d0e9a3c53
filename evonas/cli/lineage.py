"""`evonas lineage`: the way from a random graph to a layer, mutation by mutation."""

from __future__ import annotations

import json
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
    from results_db.store import ResultsDB


def lineage(
    layer: LayerArgument,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="A run that found it; the newest if not given."),
    ] = None,
    primitive: PrimitiveOption = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show the way from a random graph to a layer: what each mutation changed, and the scores."""
    from evonas.cli.output import Column, emit, number
    from evonas.cli.own_primitives import register
    from evonas.layers import resolve
    from evonas.leaderboard import anchors_of
    from evonas.steps import found_in
    from results_db.store import ResultsDB

    register(primitive)
    with ResultsDB.open(db, create=False) as results:
        found = found_in(resolve(layer, results), run)
        anchors = anchors_of(results.run(found.run))
        rows = step_rows(results, found.run, found.candidate.number)
    if format is Format.JSON:
        print(json.dumps({"run": found.run, "steps": rows}, indent=2))
        return
    shown = [_for_people(row) if format is Format.TABLE else _flat(row) for row in rows]
    columns = [
        number("number", "#"),
        Column("digest", style="bold"),
        Column("changes", "what changed", fold=True),
        Column("text", "formula", fold=True),
        Column("verdict", fold=True),
        *(number(anchor) for anchor in anchors),
        number("mean", style="bold"),
        number("donor", "piece of", table=any(row["donor"] is not None for row in rows)),
        Column("donor_text", table=False),
    ]
    emit(columns, shown, format, title=found.run)


def step_rows(db: ResultsDB, run: str, number: int) -> list[dict[str, Any]]:
    """The steps to a candidate, the oldest first, JSON-able."""
    from dataclasses import asdict

    from evonas.layers import one_line
    from evonas.steps import steps

    return [
        {
            "number": step.candidate.number,
            "origin": step.candidate.origin,
            "digest": step.candidate.digest,
            "text": one_line(step.candidate.text),
            "changes": None if step.changes is None else [asdict(c) for c in step.changes],
            "verdict": step.candidate.verdict,
            "reason": step.candidate.reason,
            "scores": step.candidate.scores,
            "mean": step.candidate.mean_score,
            "donor": step.candidate.donor,
            "donor_text": step.donor and one_line(step.donor.text),
        }
        for step in steps(db, run, number)
    ]


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "changes": "\n".join(_words(row))}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    from rich.text import Text

    from evonas.cli.words import formula, verdict_text
    from evonas.layers import short

    verdict = verdict_text(row["verdict"])
    if row["reason"]:
        verdict.append_text(Text(f", {row['reason']}", style="dim"))
    return {
        **row,
        **row["scores"],
        "digest": short(row["digest"]),
        "changes": Text("\n".join(_words(row))),
        "text": formula(row["text"]),
        "verdict": verdict,
    }


def _words(row: dict[str, Any]) -> list[str]:
    from evonas.difference import Change

    changes = row["changes"]
    if changes is None:
        return [row["origin"] or "a random graph"]
    return [str(Change(**change)) for change in changes] or ["values that nothing depends on"]
