"""`evonas resume`: go on with a run where its history ends."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Address,
    Budget,
    Database,
    MaxTime,
    PrimitiveOption,
    Run,
    Workers,
    check_pool,
    seconds,
)


def resume(
    run: Run = None,
    budget: Budget = None,
    max_time: MaxTime = None,
    workers: Workers = None,
    address: Address = None,
    primitive: PrimitiveOption = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Shut out a driver that still holds the run but hangs."),
    ] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Go on with a run where its history ends; nothing that is finished is done again.

    --budget may raise the number of candidates, of a finished run too. The run's time limit counts
    from each start of the command; --max-time replaces it, for later starts too. Primitives of
    your own are named again with --primitive.
    """
    check_pool(workers, address)
    from evonas.cli.own_primitives import register
    from evonas.cli.running import drive
    from evonas.cli.stored import database_option
    from evonas.config import config_from_dict
    from evonas.runs import extend, latest
    from evonas.vocabulary import require_primitives
    from results_db.store import ResultsDB

    register(primitive)
    with ResultsDB.open(db, create=False) as results:
        name = latest(results, run)
        again = f"evonas resume {name}{database_option(results)}"
        require_primitives(name, config_from_dict(results.run(name).config), again)
        minutes = (
            seconds(max_time) / 60 if max_time else results.run(name).config.get("max_minutes")
        )
        if take_over:
            results.writer(name, take_over=True).close()  # its commits are refused from now on
        extend(results, name, budget=budget, max_minutes=minutes)
        drive(results, name, workers, address)
