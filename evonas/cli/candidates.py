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
    from evonas.cli.words import formula, verdict_text
    from evonas.layers import short
    from evonas.leaderboard import anchors_of
    from evonas.runs import latest
    from results_db.store import ResultsDB

    wanted = _verdict(verdict) if verdict else None
    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        anchors = anchors_of(results.run(name))
        rows: list[dict[str, Any]] = [
            {
                "number": row.number,
                "parent": row.parent,
                "digest": row.digest if format is not Format.TABLE else short(row.digest),
                "text": formula(row.text)
                if format is Format.TABLE
                else row.text.replace("\n", "; "),
                "verdict": row.verdict if format is not Format.TABLE else verdict_text(row.verdict),
                "reason": row.reason,
                "scores": {anchor: row.scores.get(anchor) for anchor in anchors},
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
        rows = [{**row, **row["scores"]} for row in rows]
    columns = [
        number("number", "#"),
        number("parent"),
        Column("digest", style="bold"),
        Column("text", "formula", fold=True),
        Column("verdict"),
        Column("reason", fold=True, style="dim"),
        *(number(anchor) for anchor in anchors),
        number("mean", style="bold", table=False),
        number("duplicate_of", table=False),
        number("attempts"),
        number("refused", table=False),
        number("seconds", "s", digits=1),
        *(Column(key, table=False) for key in ("cached", "worker", "class_sha256")),
    ]
    emit(columns, rows, format, title=name, empty=f"run {name} has no such candidate")


def _verdict(given: str) -> str:
    from evonas.cli.words import verdict_word
    from search_spaces.errors import nearest
    from workers.verdict import Verdict

    word = given.lower().replace("_", " ").replace("-", " ")
    known = {verdict_word(verdict): str(verdict) for verdict in Verdict}
    if word not in known:
        raise typer.BadParameter(
            f"unknown verdict {given!r}{nearest(word, known)}; allowed: {', '.join(known)}",
            param_hint="--verdict",
        )
    return known[word]
