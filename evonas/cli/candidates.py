"""`evonas candidates`: the history of a run, every committed candidate in order."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run


def candidates(
    run: Run = None,
    verdict: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only candidates that ended so, such as scored."),
    ] = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """List every committed candidate of a run in order."""
    from evonas.cli.output import Column, emit, number
    from evonas.layers import one_line
    from evonas.leaderboard import anchors_of, costs_asked
    from evonas.runs import latest
    from results_db.store import ResultsDB

    wanted = _verdict(verdict) if verdict else None
    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        record = results.run(name)
        anchors, costs = anchors_of(record), costs_asked(record)
        rows: list[dict[str, Any]] = [
            {
                "number": row.number,
                "parent": row.parent,
                "donor": row.donor,
                "origin": row.origin,
                "repeat_of": row.repeat_of,
                "seed_index": row.seed_index,
                "slot": row.slot,
                "digest": row.digest,
                "text": one_line(row.text),
                "verdict": row.verdict,
                "reason": row.reason,
                "scores": {anchor: row.scores.get(anchor) for anchor in anchors},
                **{name: row.costs.get(name) for name in costs},
                "mean": row.mean_score,
                "duplicate_of": row.duplicate_of,
                "attempts": row.attempts,
                "refused": sum(row.refused.values()),
                "seconds": row.seconds,
                "cached": row.cached,
                "worker": row.worker,
                "class_sha256": row.class_sha256,
            }
            for row in results.candidates(name, verdict=wanted)
        ]
    if format is Format.TABLE:
        rows = [_for_people(row) for row in rows]
    columns = [
        number("number", "#"),
        number("parent"),
        number("donor", table=any(row["donor"] is not None for row in rows)),
        Column("origin", table=any(row["origin"] for row in rows)),
        number("repeat_of", table=False),
        number("seed_index", table=False),
        number("slot", table=False),
        Column("digest", style="bold"),
        Column("text", "formula", fold=True),
        Column("verdict", fold=True),
        Column("reason", table=False),
        *(number(anchor) for anchor in anchors),
        *(number(name, digits=0) for name in costs),
        number("mean", style="bold", table=False),
        number("duplicate_of", table=False),
        number("attempts", table=False),
        number("refused", table=False),
        number("seconds", "s", digits=1),
        *(Column(key, table=False) for key in ("cached", "worker", "class_sha256")),
    ]
    emit(columns, rows, format, title=name, empty=f"run {name} has no such candidate")


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
        "origin": row["origin"]
        if row["repeat_of"] is None
        else f"seed {row['seed_index']} of {row['repeat_of']}",
        "digest": short(row["digest"]),
        "text": formula(row["text"]),
        "verdict": verdict,
    }


def _verdict(given: str) -> str:
    from search_spaces.errors import nearest
    from workers.verdict import Verdict, verdict_word

    word = given.lower().replace("_", " ").replace("-", " ")
    known = {verdict_word(verdict): str(verdict) for verdict in Verdict}
    if word not in known:
        raise typer.BadParameter(
            f"unknown verdict {given!r}{nearest(word, known)}; allowed: {', '.join(known)}",
            param_hint="--verdict",
        )
    return known[word]
