"""`evonas top`: the best layers of a run beside its baselines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run, whole_number

if TYPE_CHECKING:
    from evonas.beaten import Beaten
    from evonas.leaderboard import Leaderboard
    from results_db.store import ResultsDB


def top(
    run: Run = None,
    count: Annotated[
        int,
        typer.Option("--count", "-n", metavar="N", parser=whole_number(1), help="How many layers."),
    ] = 10,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """List the best layers of a run by mean score, and its baselines.

    Where a run evaluated layers on further seeds (`evolution.seeds`), scores are means over them.
    """
    from evonas.beaten import beaten_baselines
    from evonas.cli.output import Column, emit, number
    from evonas.leaderboard import leaderboard
    from evonas.runs import latest
    from results_db.store import ResultsDB

    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        board = leaderboard(results, name, count)
        if format is Format.TABLE:
            _print(results, board)
            return
        standing = {s.baseline: s for s in beaten_baselines(results, board)}
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
            "seeds": entry.seeds,
            "mean": entry.mean,
            "pareto": entry.pareto if not entry.is_baseline else None,
            "nearly_equal_to": entry.like,
            "beaten": _beaten(standing.get(entry.name) if entry.is_baseline else None),
        }
        for rank, entry in enumerate((*board.found, *board.baselines), 1)
    ]
    plain = ("rank", "name", "kind", "number", "digest", "text", "verdict", "reason")
    objectives = map(number, (*board.anchors, *board.costs))
    columns = [*map(Column, plain), *objectives, *map(number, ("seeds", "mean"))]
    columns += map(Column, ("pareto", "nearly_equal_to", "beaten"))
    emit(columns, rows, format)


def _print(db: ResultsDB, board: Leaderboard) -> None:
    from rich.text import Text

    from evonas.cli.output import emit, stderr, stdout
    from evonas.cli.stored import database_option
    from evonas.cli.summary import board_columns, board_rows, print_notes
    from search_spaces.own_reference import as_options

    name, columns = board.run, board_columns(board)
    empty = f"run {name} has no layer yet"
    emit(columns, board_rows(board), Format.TABLE, title=name, empty=empty)
    if board.found:
        stdout().print()
        print_notes(db, board)
        command = f"evonas rerank {shlex.quote(name)} --top 10{database_option(db)}"
        own = as_options(db.run(name).config.get("primitives", ()))
        said = f"`{command}{own}` trains the best again, beside the baselines, on untouched data."
        stdout().print(Text(said, style="dim"), soft_wrap=True)
        return
    stderr().print(
        f"run {name} has scored no layer yet; `evonas status` shows where its candidates ended"
    )


def _beaten(standing: Beaten | None) -> str | None:
    """By any layer of the run: everywhere, by the mean, or no; None for what is no baseline."""
    if standing is None:
        return None
    return "everywhere" if standing.everywhere else "by the mean" if standing.by_mean else "no"
