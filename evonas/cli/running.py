"""Driving a run from the command line: pool, display, Ctrl-C, and what is said at the end."""

from __future__ import annotations

import os
from collections.abc import Callable

import typer
from rich.text import Text

from evonas.audit import without_result
from evonas.cli.display import make_display
from evonas.cli.errors import INTERRUPTED
from evonas.cli.interrupts import Interrupts
from evonas.cli.next_commands import resume_command
from evonas.cli.output import stderr
from evonas.cli.summary import show_summary
from evonas.config import RunConfig, config_from_dict
from evonas.evolution import FINISHED, Stop, run_search
from evonas.pools import available_cpus, pool_of
from evonas.runs import check_free, create
from results_db.clean import delete_run
from results_db.errors import LeaseLost, RunLocked
from results_db.store import ResultsDB
from search_spaces.errors import counted
from workers.pools.base import Pool
from workers.preparation import prepare
from workers.survey import UNUSABLE

_DRAINING = b"finishing what runs and saving it; Ctrl-C again stops at once\n"


def drive(db: ResultsDB, run: str, workers: int | None, address: str | None) -> None:
    """Go on with a run until it ends, show what was found; typer.Exit(130) if interrupted."""
    console = stderr()
    check_free(db, run)
    record = db.run(run)
    spent = record.budget is not None and db.count(run) >= record.budget
    if spent and not without_result(db, db.audited(run)):
        if record.state != FINISHED:  # the driver was killed after its last commit
            db.set_state(run, FINISHED)
        console.print(
            f"run {run} is finished: {counted(record.budget or 0, 'candidate')}; `--budget N` "
            "raises it",
            markup=False,
        )
        show_summary(db, run, FINISHED)
        return
    _drive(db, config_from_dict(record.config), lambda: run, workers, address)


def drive_new(
    db: ResultsDB, name: str | None, config: RunConfig, workers: int | None, address: str | None
) -> None:
    """As `drive`, with a run that is made when its workers have started, not before."""
    made: list[str] = []

    def begin() -> str:
        made.append(create(db, name, config))
        return made[0]

    try:
        _drive(db, config, begin, workers, address)
    except UNUSABLE:
        if made and db.count(made[0]) == 0:  # once that is mended, the same command begins anew
            delete_run(db, made[0])
        raise


def _drive(
    db: ResultsDB,
    config: RunConfig,
    begin: Callable[[], str],
    workers: int | None,
    address: str | None,
) -> None:
    """Drive the run that `begin` names, once there is a pool."""
    prepare(config.evaluation)
    console, stop, run = stderr(), Stop(), ""
    try:
        with open_pool(workers, address, console.print) as pool:
            run = begin()
            display = make_display(console, lambda: stop.drain)
            notice = _nothing if console.is_terminal else _say_draining
            with Interrupts(stop, notice), display:
                state = run_search(db, run, pool, report=display.report, stop=stop)
    except KeyboardInterrupt:
        if not run:
            console.print("stopped before the run was begun; the same command begins it")
            raise typer.Exit(INTERRUPTED) from None
        _say_how_to_go_on(db, run, config)
        raise typer.Exit(INTERRUPTED) from None
    except (LeaseLost, RunLocked):
        raise  # another driver goes on
    except UNUSABLE:
        raise  # nothing goes on before that is mended
    except Exception:
        if run:  # it may have got its name only now, and nobody may have seen it
            _say_how_to_go_on(db, run, config)
        raise
    show_summary(db, run, state)
    if stop.drain and state != FINISHED:
        raise typer.Exit(INTERRUPTED)


def _say_how_to_go_on(db: ResultsDB, run: str, config: RunConfig) -> None:
    command = resume_command(db, run, config.primitives)
    said = Text(f"stopped; what was finished is stored. Go on with: {command}")
    stderr().print(said, soft_wrap=True)


def open_pool(workers: int | None, address: str | None, say: Callable[..., None]) -> Pool:
    """As `evonas.pools.pool_of`, and says that workers start."""
    if workers != 0:
        count = workers or available_cpus()
        say(Text(f"starting {counted(count, 'worker')} ...", style="dim"))
    return pool_of(workers, address)


def _say_draining() -> None:
    os.write(2, _DRAINING)  # unlike print, safe inside a signal handler


def _nothing() -> None:
    """The live display says it."""
