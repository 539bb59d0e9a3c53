"""`evonas top`: the best layers of a run beside its baselines."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run, whole_number


def top(
    run: Run = None,
    count: Annotated[
        int,
        typer.Option("--count", "-n", metavar="N", parser=whole_number(1), help="How many layers."),
    ] = 10,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """List the best layers of a run by mean score, and its baselines."""
    from evonas.cli.output import Column, emit, number, stderr
    from evonas.cli.summary import board_columns, board_rows
    from evonas.leaderboard import leaderboard
    from evonas.runs import latest
    from results_db.store import ResultsDB

    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        board = leaderboard(results, name, count)
    if format is Format.TABLE:
        emit(
            board_columns(board),
            board_rows(board),
            format,
            title=name,
            empty=f"run {name} has no layer yet",
        )
        if not board.found:
            stderr().print(
                f"run {name} has scored no layer yet; "
                "`evonas status` shows where its candidates ended"
            )
        return
    rows = [
        {
            "rank": rank if not entry.is_baseline else None,
            "name": entry.name,
            "kind": "baseline" if entry.is_baseline else "found",
            "number": entry.number,
            "digest": entry.digest,
            "text": entry.text.replace("\n", "; "),
            "verdict": entry.verdict,
            "reason": entry.reason,
            "scores": {anchor: entry.scores.get(anchor) for anchor in board.anchors},
            **{name: entry.costs.get(name) for name in board.costs},
            "mean": entry.mean,
            "pareto": entry.pareto if not entry.is_baseline else None,
        }
        for rank, entry in enumerate((*board.found, *board.baselines), 1)
    ]
    plain = ("rank", "name", "kind", "number", "digest", "text", "verdict", "reason")
    objectives = map(number, (*board.anchors, *board.costs))
    columns = [*map(Column, plain), *objectives, number("mean"), Column("pareto")]
    emit(columns, rows, format)
