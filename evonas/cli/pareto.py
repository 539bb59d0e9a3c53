"""`evonas pareto`: the layers of a run that no other one beats on every anchor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from evonas.cli.options import DEFAULT_DATABASE, Database, Format, FormatOption, Run

if TYPE_CHECKING:
    from evonas.noise import Noise


def pareto(
    run: Run = None, format: FormatOption = Format.TABLE, db: Database = DEFAULT_DATABASE
) -> None:
    """List the layers of a run that no other one dominates, oldest first.

    Where a run evaluated layers on further seeds (`evolution.seeds`), scores are means over them,
    layers with a single seed are left out, and a layer counts as better only if it is by more than
    two standard errors.

    A run may ask for cheap layers too (`[evolution] objectives`); then a cost has a column, where
    less is better.
    """
    from evonas.cli.output import Column, emit, number, stderr
    from evonas.cli.summary import cost_columns
    from evonas.cli.words import formula
    from evonas.front import front_of
    from evonas.layers import one_line, short
    from evonas.leaderboard import anchors_of, costs_asked
    from evonas.runs import latest
    from results_db.store import ResultsDB

    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        record = results.run(name)
        anchors, costs = anchors_of(record), costs_asked(record)
        front = front_of(results, name)
    people = format is Format.TABLE
    rows = [
        {
            "number": layer.candidate.number,
            "digest": short(layer.candidate.digest) if people else layer.candidate.digest,
            "text": formula(layer.candidate.text) if people else one_line(layer.candidate.text),
            **(layer.scores if people else {"scores": layer.scores}),
            **{name: layer.candidate.costs.get(name) for name in costs},
            "seeds": layer.seeds,
            "mean": layer.mean,
        }
        for layer in front.layers
        if layer.on_front
    ]
    columns = [
        number("number", "#"),
        Column("digest", style="bold"),
        Column("text", "formula", fold=True),
        *(number(anchor) for anchor in anchors),
        *cost_columns(costs),
        number("seeds", table=front.noise is not None),
        number("mean", style="bold"),
    ]
    emit(columns, rows, format, title=name, empty=_EMPTY[front.noise is not None].format(name))
    if people and front.noise is not None:
        stderr().print(_noise_words(front.noise, anchors), markup=False)


_EMPTY = {
    False: "run {} has scored no layer yet",
    True: "run {} has no layer yet that is scored on several seeds",
}


def _noise_words(noise: Noise, anchors: Iterable[str]) -> str:
    """What a difference must exceed, in a line."""
    if not noise.known:
        return (
            "The noise between seeds is not known yet, so no layer is called better for its scores."
        )
    each = ", ".join(f"{anchor} {noise.deviation[anchor]:.3f}" for anchor in anchors)
    return f"Standard deviation of a score between seeds: {each}."
