"""`evonas replay`: the evaluation of one candidate again, here and now."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from evonas.cli.errors import FAILED
from evonas.cli.options import DEFAULT_DATABASE, Database, PrimitiveOption, whole_number

if TYPE_CHECKING:
    from results_db.records import CandidateRecord
    from workers.evaluation import Evaluation


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run.")],
    number: Annotated[
        int, typer.Argument(metavar="K", parser=whole_number(0), help="Number of a candidate.")
    ],
    primitive: PrimitiveOption = None,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Evaluate a candidate again in this process; exit code 1 if the result is another one.

    A failure shows its full traceback. Nothing is stored.
    """
    from evonas.cli.output import stdout
    from evonas.cli.own_primitives import register
    from evonas.cli.stored import database_option
    from evonas.runs import RunError, evaluated_under
    from evonas.vocabulary import require_primitives
    from results_db.store import ResultsDB

    register(primitive)
    with ResultsDB.open(db, create=False) as results:
        stored = results.candidate(run, number)
        if stored.duplicate_of is not None:
            stored = results.candidate(run, stored.duplicate_of)
        config = evaluated_under(results, run, stored.number)
        require_primitives(run, config, f"evonas replay {run} {number}{database_option(results)}")
    if stored.graph_json is None:
        raise RunError(
            f"candidate {number} of run {run!r} has no graph to evaluate: {stored.verdict}, "
            f"{stored.reason}; `evonas candidates {run}` lists those that have one"
        )
    if stored.number != number:
        print(f"candidate {number} is a duplicate of {stored.number}, which is evaluated")

    from workers.evaluation import evaluate

    try:
        now = evaluate(stored.graph_json, config.evaluation, stored.seed_index)
    except Exception:
        traceback.print_exc()
        raise typer.Exit(FAILED) from None
    differences = _differences(stored, now)
    for line in differences:
        stdout().print(line, markup=False, soft_wrap=True)
    if differences:
        raise typer.Exit(FAILED)
    scores = "".join(f" {anchor} {score:.3f}" for anchor, score in now.scores.items())
    reason = f", {now.reason}" if now.reason else ""
    print(f"the same: {now.verdict}{reason}{scores} (in {now.seconds:.1f} s)")


def _differences(stored: CandidateRecord, now: Evaluation) -> list[str]:
    pairs = (
        ("verdict", stored.verdict, str(now.verdict)),
        ("reason", stored.reason, now.reason),
        ("scores", stored.scores, now.scores),
        ("class_sha256", stored.class_sha256, now.class_sha256),
    )
    return [f"{what}: {old} -> {new}" for what, old, new in pairs if old != new]
