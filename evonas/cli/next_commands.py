"""What a run has not done yet, and the commands that go on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.audit import without_result
from evonas.cli.stored import database_option
from evonas.layers import short
from evonas.leaderboard import Leaderboard
from results_db.store import ResultsDB
from search_spaces.codegen_own import own_primitives
from search_spaces.errors import counted
from search_spaces.own_reference import as_options
from search_spaces.text import parse


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a run. measured: baselines that are done; audits: layers that checks threw
    out and that are to be trained.
    """

    candidates: int
    baselines: int
    measured: int
    audits: int


def left_of(db: ResultsDB, board: Leaderboard) -> Left:
    """What the run of a board has left."""
    run = db.run(board.run)
    return Left(
        candidates=max(0, (run.budget or 0) - db.count(run.name)),
        baselines=len(run.config.get("baselines", ())) - len(board.baselines),
        measured=len(board.baselines),
        audits=len(without_result(db, db.audited(run.name))),
    )


def left_lines(left: Left) -> list[str]:
    """What is left beside candidates, in sentences."""
    lines = []
    if left.baselines:
        stored = f"; {left.measured} stored, never to be paid for again" if left.measured else ""
        lines.append(f"{counted(left.baselines, 'baseline')} to be measured yet{stored}.")
    if left.audits:
        lines.append(
            f"The rejection audit has {counted(left.audits, 'layer')} to train yet, of those that "
            "the checks threw out."
        )
    return lines


def too_strict(board: Leaderboard) -> list[str]:
    """The baselines that were rejected, if nothing passed and most of them did not either: then a
    larger budget finds nothing.
    """
    rejected = [entry.name for entry in board.baselines if entry.rejected]
    most = 2 * len(rejected) > len(board.baselines)
    return rejected if board.best is None and most else []


def strictness_line(board: Leaderboard) -> str:
    """What to do where settings reject known layers too, in a sentence; "" if they do not."""
    rejected = too_strict(board)
    if not rejected:
        return ""
    return (
        f"The protocols reject {len(rejected)} of {counted(len(board.baselines), 'baseline')} too "
        f"({', '.join(rejected)}): under these settings known layers do not pass. Start a new "
        "search with more steps (`evaluation.training.steps`, or `steps` of an anchor that has its "
        "own) or a lower `evaluation.quality`."
    )


def resume_command(
    db: ResultsDB, run: str, primitives: Sequence[str], budget: int | None = None
) -> str:
    """What goes on with a run that uses these primitives of the user's own; reads nothing, so that
    it can be told when the database is away.
    """
    further = "" if budget is None else f" --budget {budget}"
    own = as_options(primitives)
    return f"evonas resume {shlex.quote(run)}{further}{own}{database_option(db)}"


def next_commands(db: ResultsDB, board: Leaderboard, left: Left) -> list[tuple[str, str]]:
    """Commands that a user may want after a search, each with its purpose."""
    name, where = shlex.quote(board.run), database_option(db)
    primitives = db.run(board.run).config.get("primitives", ())
    own = as_options(primitives)
    commands = []
    if board.best is not None:
        digest = short(board.best.digest)
        needed = own if own_primitives(parse(board.best.text)) else ""
        commands = [
            (f"evonas top {name}", "more of the best layers"),
            (f"evonas show {digest}{needed}", "formula, properties, ancestors of the best one"),
            (f"evonas export {digest} --to out{needed}", "any layer as a torch-only module"),
        ]
    commands = [(command + where, purpose) for command, purpose in commands]
    if left.audits and not left.candidates:
        audit = resume_command(db, board.run, primitives)
        commands.append((audit, "finish the rejection audit"))
    if not left.candidates and too_strict(board):
        return commands
    budget = None if left.candidates else 2 * db.count(board.run)
    commands.append((resume_command(db, board.run, primitives, budget), "go on with the search"))
    return commands
