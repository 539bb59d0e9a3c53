"""The end of a search: the best layers beside the baselines, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from evonas.beaten import beaten_baselines, beaten_sentences
from evonas.cli.next_commands import left_lines, left_of, next_commands, strictness_line
from evonas.cli.output import Column, number, print_table, stdout
from evonas.cli.words import formula, verdict_text
from evonas.exports.export import export_layer
from evonas.exports.files import ExportError
from evonas.layers import Layer, layer_of
from evonas.leaderboard import NEARLY_EQUAL, Entry, Leaderboard, leaderboard
from evonas.remarks import remarks
from results_db.store import ResultsDB
from search_spaces.errors import counted
from search_spaces.zoo import zoo_digests

SUMMARY_LAYERS = 5
EXPORTS = Path("layers")
_LUCK = "are noise, and the best of many was lucky too: try a layer in your own network."
_ONE_SEED = (
    "Search scores: validation accuracy after one short training, on one seed. Small differences "
    f"{_LUCK}"
)
_SEVERAL_SEEDS = (
    "Search scores: validation accuracy after short trainings, the mean where there are several "
    "seeds: of these the first is the one that chose a layer, and baselines have it alone. Small "
    f"differences {_LUCK}"
)

_LIKE = f"\N{ALMOST EQUAL TO} LAYER: their outputs differ by less than {NEARLY_EQUAL:.0%}."


def show_summary(db: ResultsDB, run: str, state: str) -> None:
    """Print the table, export the best layer to layers/<run>/, and name the next commands."""
    console = stdout()
    board = leaderboard(db, run, SUMMARY_LAYERS)
    committed, budget = db.count(run), db.run(run).budget
    console.print(
        Text.assemble(
            ("\nRun ", ""),
            (run, "bold"),
            f": {_STATES.get(state, state)}, ",
            f"{committed:,} of {counted(budget, 'candidate')}"
            if budget
            else counted(committed, "candidate"),
        )
    )
    if board.found or board.baselines:
        print_table(board_columns(board), board_rows(board))
    console.print()
    if board.best is None:
        said = "no layer has passed the protocols yet" if committed else "no candidate yet"
        console.print(f"Nothing to export: {said}.")
        if strict := strictness_line(board):
            console.print(Text(strict, style="yellow"))
    else:
        print_notes(db, board)
        console.print(_exported(db, run, board.best), soft_wrap=True)
    for remark in remarks(db, run):
        console.print(Text(remark, style="yellow"))
    left = left_of(db, board)
    for line in left_lines(left):
        console.print(Text(line))
    console.print()
    for command, purpose in next_commands(db, board, left):
        console.print(
            Text.assemble("  ", (f"{command:<44}", "green"), f" {purpose}"), soft_wrap=True
        )


_STATES = {
    "finished": "finished",
    "stopped": "stopped at its time limit",
    "interrupted": "interrupted",
}


def print_notes(db: ResultsDB, board: Leaderboard) -> None:
    """What the numbers are, and whether any layer is above the baselines by them."""
    console = stdout()
    for line in beaten_sentences(beaten_baselines(db, board)):
        console.print(Text(line))
    if any(entry.like for entry in board.found):
        console.print(Text(_LIKE, style="dim"))
    several = any(entry.seeds > 1 for entry in board.found)
    console.print(Text(_SEVERAL_SEEDS if several else _ONE_SEED, style="dim"))


def board_columns(board: Leaderboard) -> list[Column]:
    """Name, formula, a score per anchor, mean, verdict."""
    return [
        Column("name", "layer", style="bold"),
        Column("text", "formula", fold=True),
        *(number(anchor) for anchor in board.anchors),
        *cost_columns(board.costs),
        number("seeds", table=any(entry.seeds > 1 for entry in board.found)),
        number("mean", style="bold"),
        Column("verdict", fold=True),
    ]


def cost_columns(costs: Sequence[str]) -> list[Column]:
    """Objectives beside the scores, marked with the direction that is better."""
    return [number(name, f"{name} (less is better)", digits=0) for name in costs]


def board_rows(board: Leaderboard) -> list[dict[str, Any]]:
    """Layers found, then baselines, each with the best mean first."""
    known = sorted(board.baselines, key=lambda entry: -(entry.mean or 0.0))
    return [*_rows(board.found, known), *_rows(known, ())]


def _rows(entries: Sequence[Entry], following: Sequence[Entry]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for i, entry in enumerate(entries):
        rows.append(
            {
                "name": entry.name,
                "text": formula(entry.text),
                **entry.scores,
                **entry.costs,
                "seeds": entry.seeds,
                "mean": entry.mean,
                "verdict": verdict(entry),
                "section": i == len(entries) - 1 and bool(following),
            }
        )
    return rows


def verdict(entry: Entry) -> Text:
    """The verdict, of baselines too; with it, the known layer that a found one equals."""
    words = verdict_text(entry.verdict)
    equal = zoo_digests().get(entry.digest)
    if equal and not entry.is_baseline:
        words.append(f", = {equal}")
    if entry.pareto:
        words.append(", Pareto")
    if entry.like is not None:
        words.append(f", \N{ALMOST EQUAL TO} {entry.like}")
    return words


def _exported(db: ResultsDB, run: str, best: Entry) -> Text:
    """Where the best layer was exported to, or why it was not."""
    try:
        exported = export_layer(_layer(db, run, best), EXPORTS / run, db, overwrite=True)
    except ExportError as error:
        return Text(f"\nThe best layer is not exported: {error}")
    return Text.assemble("\nThe best layer is exported to ", (str(exported.path), "bold"))


def _layer(db: ResultsDB, run: str, entry: Entry) -> Layer:
    from search_spaces.graph import Graph

    assert entry.number is not None
    (candidate,) = db.candidates(run, first=entry.number, last=entry.number)
    assert candidate.graph_json is not None
    return layer_of(Graph.from_json(candidate.graph_json), db)
