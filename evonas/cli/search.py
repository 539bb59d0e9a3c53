"""`evonas search`: start a run, or go on with the one of that name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from evonas.cli.options import (
    DEFAULT_DATABASE,
    Address,
    Budget,
    Database,
    MaxTime,
    Preset,
    PrimitiveOption,
    Settings,
    Workers,
    check_pool,
    seconds,
    whole_number,
)


def search(
    file: Annotated[
        Path | None, typer.Argument(metavar="[RUN.toml]", help="A run file, laid over the preset.")
    ] = None,
    preset: Preset = "quick",
    set_: Settings = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A space of `evonas spaces`, or a TOML file of your own."
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B",
            help="What every layer must show, such as batch-independent,causal,passes<=4.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the run; made from time and seed if not given."),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="evolution, or random: no candidate has parents."),
    ] = None,
    warm_start: Annotated[
        list[str] | None,
        typer.Option(
            "--warm-start",
            metavar="A,B",
            help="Layers of `evonas zoo` to begin with; the default is to begin with none.",
        ),
    ] = None,
    primitive: PrimitiveOption = None,
    seed: Annotated[
        int | None, typer.Option(parser=whole_number(0), metavar="N", help="Seed of the run.")
    ] = None,
    budget: Budget = None,
    max_time: MaxTime = None,
    workers: Workers = None,
    address: Address = None,
    db: Database = DEFAULT_DATABASE,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print the settings as a run file, and stop."),
    ] = False,
) -> None:
    """Search for layers, and export the best one found.

    The same command with the --name of an unfinished run goes on with it. The first Ctrl-C
    finishes what runs and saves it, the second stops at once; `evonas resume` goes on after both.
    """
    check_pool(workers, address)
    overrides = list(set_ or ())
    if space is not None:
        overrides.append(f"space={json.dumps(space)}")
    if require is not None:
        overrides.append(f"require={json.dumps(_names(require))}")
    if strategy is not None:
        overrides.append(f"evolution.strategy={json.dumps(strategy)}")
    if warm_start is not None:
        overrides.append(f"warm_start={json.dumps(_names(warm_start))}")
    if seed is not None:
        overrides.append(f"seed={seed}")
    if budget is not None:
        overrides.append(f"budget={budget}")
    if max_time is not None:
        overrides.append(f"max_minutes={seconds(max_time) / 60!r}")

    from evonas.config import load_config

    config = load_config(preset, file, overrides)
    if primitive or config.primitives:
        from evonas.cli.own_primitives import pinned

        config = pinned(config, primitive)
    if print_config:
        from evonas.toml import to_toml

        print(to_toml(config.to_dict()), end="")
        return

    from evonas.cli.running import drive, drive_new
    from evonas.runs import may_go_on
    from results_db.store import ResultsDB

    with ResultsDB.open(db) as results:
        if name is not None and may_go_on(results, name, config):
            drive(results, name, workers, address)
        else:
            drive_new(results, name, config, workers, address)


def _names(given: list[str]) -> list[str]:
    """The names in a repeated option, each of which may list several."""
    names = [word.strip() for words in given for word in words.split(",")]
    return [name for name in names if name]
