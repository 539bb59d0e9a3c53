"""`evonas pareto`: the layers of a run that no other one beats on every anchor."""

from __future__ import annotations

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run


def pareto(
    run: Run = None, format: FormatOption = Format.TABLE, db: Database = DEFAULT_DATABASE
) -> None:
    """List the layers of a run that no other one dominates, oldest first.

    A run may ask for cheap layers too (`[evolution] objectives`); then a cost has a column, where
    less is better.
    """
    from evonas.cli.output import Column, emit, number
    from evonas.cli.summary import cost_columns
    from evonas.cli.words import formula
    from evonas.layers import one_line, short
    from evonas.leaderboard import anchors_of, costs_asked
    from evonas.runs import latest
    from results_db.store import ResultsDB

    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        record = results.run(name)
        anchors, costs = anchors_of(record), costs_asked(record)
        front = results.pareto(name)
    people = format is Format.TABLE
    rows = [
        {
            "number": row.number,
            "digest": short(row.digest) if people else row.digest,
            "text": formula(row.text) if people else one_line(row.text),
            **(row.scores if people else {"scores": row.scores}),
            **{name: row.costs.get(name) for name in costs},
            "mean": row.mean_score,
        }
        for row in front
    ]
    columns = [
        number("number", "#"),
        Column("digest", style="bold"),
        Column("text", "formula", fold=True),
        *(number(anchor) for anchor in anchors),
        *cost_columns(costs),
        number("mean", style="bold"),
    ]
    emit(columns, rows, format, title=name, empty=f"run {name} has scored no layer yet")
