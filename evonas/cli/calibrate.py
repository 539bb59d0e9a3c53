"""`evonas calibrate`: what the order of a preset's proxies is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Address,
    Database,
    Format,
    FormatOption,
    Preset,
    Settings,
    Workers,
    check_pool,
)


def calibrate(
    preset: Preset = "quick",
    set_: Settings = None,
    seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Seeds of every layer.")] = 5,
    long: Annotated[
        int, typer.Option(min=2, metavar="N", help="The long budget, in times the preset's steps.")
    ] = 10,
    long_seeds: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seeds at the long budget; 0 leaves it out.")
    ] = 3,
    rate_seeds: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Seeds at 0.3 and 3 times the rate; 0: left out."),
    ] = 3,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go; calibration/<preset> if not given."),
    ] = None,
    workers: Workers = None,
    address: Address = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Score known layers and known bad ones over seeds, rates and budgets; write table and plot.

    Every result is stored as it comes: the same command goes on where it was stopped.
    """
    check_pool(workers, address)
    from evonas.calibration import CalibrationPlan, documents
    from evonas.calibration import calibrate as run
    from evonas.calibration_plot import plot
    from evonas.cli.failures import end_if_failed
    from evonas.cli.interrupts import stored_as_they_end
    from evonas.cli.output import Column, emit, number, stderr, stdout
    from evonas.cli.running import open_pool
    from evonas.cli.score import progress
    from evonas.config import load_config
    from evonas.csv_file import write_csv
    from evonas.interval_plot import check_can_plot
    from evonas.scoring import Report
    from results_db.store import ResultsDB
    from workers.preparation import prepare

    config = load_config(preset, None, set_ or ())
    console = stderr()

    def report(variant: str) -> Report:
        return lambda *done: console.print(f"{variant} {progress(*done)}", markup=False)

    plan = CalibrationPlan(seeds, long, long_seeds, rate_seeds=rate_seeds)
    check_can_plot()
    with stored_as_they_end(console.print), ResultsDB.open(db) as results:
        prepare(config.evaluation)
        with open_pool(workers, address, console.print) as pool:
            found = run(config, plan, pool, results, report)
    folder = to or Path("calibration") / preset
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "scores.csv", documents(found.rows))
    write_csv(folder / "agreement.csv", documents(found.agreements))
    plot(found, preset, folder / "scores.png")
    names = ("variant", "layer", "kind", "anchor")
    numbers = [number(name) for name in ("score", "half", "noise", "seeds")]
    columns = [*map(Column, names), *numbers, Column("verdicts"), number("seconds", digits=1)]
    emit(columns, documents(found.rows), format)
    if format is Format.TABLE:
        orders = [Column("between", "Kendall's tau between"), Column("anchor"), number("tau")]
        rows = documents(found.agreements)
        left_out = Column("left_out", "left out, diverged", fold=True)
        emit([*orders, number("layers"), left_out], rows, format)
        noise = ", ".join(f"{anchor} {value:.3f}" for anchor, value in found.noise.items())
        stdout().print(f"noise between seeds: {noise}; {found.seconds:.1f} s a score")
    console.print(f"written to {folder}", markup=False, style="dim")
    end_if_failed(found.failures, "evaluation", console)
