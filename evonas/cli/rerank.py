"""`evonas rerank`: the best layers of a run, trained again where its search did not look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Address,
    ConfigFile,
    Database,
    Format,
    FormatOption,
    Preset,
    PrimitiveOption,
    Run,
    Settings,
    Workers,
    check_pool,
    whole_number,
)

if TYPE_CHECKING:
    from evonas.measuring import Outcome
    from evonas.trials import Trial


def rerank(
    run: Run = None,
    top: Annotated[
        int, typer.Option(parser=whole_number(1), metavar="N", help="How many of the best layers.")
    ] = 10,
    preset: Preset = "small",
    config: ConfigFile = None,
    set_: Settings = None,
    anchors: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Anchors, such as resnet,efficientnet; the preset's if not given."
        ),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="LAYER",
            help="A further layer, such as a class of your own, my_pkg:MyNorm; may be repeated.",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=2, max=1000, metavar="N", help="Tests of each layer on each anchor.")
    ] = 5,
    rate_seeds: Annotated[
        int,
        typer.Option(
            min=1, max=1000, metavar="N", help="Seeds on which the learning rate is chosen."
        ),
    ] = 3,
    rates: Annotated[
        str, typer.Option(metavar="A,B", help="Factors on the learning rate to choose from.")
    ] = "0.3,1,3",
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the intervals; .svg, .png or .pdf."),
    ] = None,
    workers: Workers = None,
    address: Address = None,
    primitive: PrimitiveOption = None,
    format: FormatOption = Format.TABLE,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Train the best layers of a run again, beside baselines, and test them on untouched data.

    Longer training, other seeds, another batch size, larger or other anchors than in the search;
    the best of several learning rates for each layer and each baseline. Every training is stored
    as it ends: the same command goes on where it was stopped.
    """
    check_pool(workers, address)
    factors = _factors(rates)
    from evonas.cli.failures import end_if_failed
    from evonas.cli.interrupts import stored_as_they_end
    from evonas.cli.output import stderr
    from evonas.cli.own_primitives import look_here, register
    from evonas.cli.rerank_listing import show_rerank
    from evonas.cli.running import open_pool
    from evonas.cli.stored import database_option
    from evonas.interval_plot import check_can_plot
    from evonas.rerank_plot import plot as draw
    from evonas.rerank_setup import set_up, was_reranked_otherwise
    from evonas.reranking import RerankPlan
    from evonas.reranking import rerank as train_again
    from results_db.store import ResultsDB

    look_here()
    register(primitive)
    if plot is not None:
        check_can_plot(plot)
    console = stderr()

    def report(trial: Trial, outcome: Outcome, done: int, total: int) -> None:
        console.print(_progress(trial, outcome, done, total), markup=False)

    with stored_as_they_end(console.print), ResultsDB.open(db, create=False) as results:
        setup = set_up(
            results,
            run,
            top=top,
            preset=preset,
            file=config,
            overrides=set_ or (),
            anchors=_names(anchors),
            given=with_ or (),
            command=f"evonas rerank {run or ''}{database_option(results)}",
        )
        for remark in setup.remarks:
            console.print(remark, markup=False, style="dim")
        plan = RerankPlan(seeds, rate_seeds, factors)
        with open_pool(workers, address, console.print) as pool:
            done = train_again(results, setup, plan, pool, report)
        seen = was_reranked_otherwise(results, setup.run, done.record.key)
    show_rerank(done.record, format)
    if plot is not None:
        draw(done.record, plot)
        console.print(f"written to {plot}", markup=False, style="dim")
    if seen:
        console.print(
            f"run {setup.run} was reranked with other settings or layers too: its test data have "
            "been looked at, and choosing between the results would be a choice by them",
            markup=False,
            style="yellow",
        )
    end_if_failed(done.failures, "training", console)


def _names(text: str | None) -> list[str]:
    """Names between commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _progress(trial: Trial, outcome: Outcome, done: int, total: int) -> str:
    """One line on one finished training; a test's result is not told before the end."""
    cell = trial.cell
    half = "tests" if trial.tested else "rates"
    head = f"[{half} {done}/{total}] {cell.subject.name} on {cell.anchor} x{cell.rate:g}"
    head += f", seed {trial.seed}: "
    if isinstance(outcome, str):
        return head + outcome
    if outcome.reason:
        return head + outcome.reason
    accuracy = f"validation accuracy {outcome.scores['validation']:.3f}"
    if trial.tested:
        accuracy += ", test accuracy is told at the end"
    return f"{head}{accuracy} ({outcome.seconds:.1f} s)"


def _factors(text: str) -> tuple[float, ...]:
    """Positive numbers, each once; raises typer.BadParameter."""
    try:
        factors = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        factors = ()
    if not factors or not all(0 < factor <= 1e6 for factor in factors):
        raise typer.BadParameter(
            f"{text!r:.60}; give positive numbers such as 0.3,1,3", param_hint="--rates"
        )
    return factors
