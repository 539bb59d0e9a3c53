"""`evonas runs`: the runs in the database."""

from __future__ import annotations

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption


def runs(format: FormatOption = Format.TABLE, db: Database = DEFAULT_DATABASE) -> None:
    """List the runs, oldest first."""
    from evonas.cli.output import Column, emit, number
    from evonas.cli.words import moment
    from evonas.runs import space_name
    from results_db.store import ResultsDB
    from workers.verdict import Verdict

    with ResultsDB.open(db, create=False) as results:
        rows = []
        for run in results.runs():
            best = results.top(run.name, 1)
            rows.append(
                {
                    "run": run.name,
                    "state": run.state,
                    "space": space_name(run),
                    "seed": run.seed,
                    "committed": results.count(run.name),
                    "budget": run.budget,
                    "scored": results.funnel(run.name).verdicts.get(Verdict.SCORED, 0),
                    "best_mean": best[0].mean if best else None,
                    "created": moment(run.created_at),
                    "updated": moment(run.updated_at),
                }
            )
        columns = [
            Column("run", style="bold"),
            Column("state"),
            Column("space", table=False),
            number("seed", table=False),
            number("committed", "done"),
            number("budget"),
            number("scored"),
            number("best_mean", "best"),
            Column("created"),
            Column("updated", table=False),
        ]
        emit(columns, rows, format, empty="no runs yet; start one with `evonas search`")
