"""`evonas simulate`: settings compared on simulated searches, which train nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    ConfigFile,
    Database,
    Format,
    FormatOption,
    Preset,
    Settings,
    whole_number,
)

if TYPE_CHECKING:
    from evonas.config import RunConfig

FIRST, RANDOM = "as given", "random search"


def simulate(
    preset: Preset = "quick",
    config: ConfigFile = None,
    set_: Settings = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'a.b=c; d=e'",
            help="Settings to compare with those given, separated by semicolons; may be repeated.",
        ),
    ] = None,
    budget: Annotated[
        int, typer.Option(parser=whole_number(1), metavar="N", help="Candidates of each search.")
    ] = 1000,
    seeds: Annotated[
        int, typer.Option(min=2, metavar="N", help="Searches with each of the settings.")
    ] = 20,
    first_seed: Annotated[int, typer.Option(min=0, metavar="S", help="The first seed.")] = 0,
    noise: Annotated[
        float, typer.Option(min=0.0, metavar="SD", help="Noise of a score between seeds.")
    ] = 0.05,
    ruggedness: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, metavar="R", help="How much a mutation changes, 0 to 1."),
    ] = 0.3,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=whole_number(1),
            metavar="W",
            help="Simulate the time of so many workers; without it, histories alone.",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="A run whose results are taken for the layers it has."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write every search and the picture there."),
    ] = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Compare settings of the evolution on simulated searches: the real loop, stated scores.

    Layers are drawn and mutated as in a search, and scored by a made-up landscape (or as a run of
    the database scored them). It tells what lag, window, tournament and mutations do to a search;
    it cannot tell which layers are good.
    """
    from evonas.cli.output import Column, emit, number, stderr
    from evonas.config import load_config
    from evonas.csv_file import write_csv
    from evonas.interval_plot import check_can_plot
    from evonas.simulator.documents import documents, rows
    from evonas.simulator.landscape import Landscape
    from evonas.simulator.plot import plot
    from evonas.simulator.study import Plan, study, summaries
    from evonas.simulator.table import read_table
    from evonas.simulator.trial import Trial
    from results_db.store import ResultsDB
    from search_spaces.errors import counted

    given = set_ or []
    compared: dict[str, RunConfig] = {FIRST: load_config(preset, config, given)}
    random = "evolution.strategy=random"
    compared[RANDOM] = load_config(preset, config, [*given, random])
    for settings in variant or ():
        parts = [part.strip() for part in settings.split(";")]
        compared[settings] = load_config(preset, config, [*given, *parts])
    known = None
    if table is not None:
        with ResultsDB.open(db, create=False) as results:
            known = read_table(results, table)
    if to is not None:
        check_can_plot()
    landscape = Landscape(0, noise=noise, ruggedness=ruggedness)
    plan = Plan(range(first_seed, first_seed + seeds), budget, landscape, known, workers)
    console = stderr()

    def report(trial: Trial) -> None:
        console.print(
            f"seed {trial.seed}, {trial.setting}: found {trial.found:.3f} "
            f"({budget / trial.seconds:,.0f} candidates a second)",
            markup=False,
            style="dim",
        )

    trials = study(compared, plan, report)
    found = summaries(trials)
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
        write_csv(to / "searches.csv", rows(trials))
        plot(
            found,
            f"{counted(budget, 'candidate')}, {counted(seeds, 'seed')}",
            workers is not None,
            to / "found.svg",
        )
    names = ("found", "half", "difference", "difference_half", "p")
    numbers = [number(name, digits=3) for name in names]
    counts = [number(name) for name in ("better", "worse")]
    shares = [number(name, digits=3) for name in ("chosen", "scored")]
    times = [number("busy", digits=2), number("hours", digits=2)] if workers else []
    emit(
        [Column("setting", fold=True), *numbers, *counts, *shares, *times], documents(found), format
    )
