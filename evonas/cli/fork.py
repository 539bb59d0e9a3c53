"""`evonas fork`: a new run that begins with the history of another one."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.options import DEFAULT_DATABASE, Budget, Database, whole_number


def fork(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of the run to begin with.")],
    name: Annotated[str, typer.Option(metavar="NEW", help="Name of the new run.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="a.b=c", help="A setting to change; may be repeated."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(parser=whole_number(0), metavar="S", help="Another seed for what follows."),
    ] = None,
    budget: Budget = None,
    at: Annotated[
        int | None,
        typer.Option(
            parser=whole_number(0),
            metavar="K",
            help="The last candidate to share; all if not given.",
        ),
    ] = None,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Make a run that shares the candidates of another one and goes on with other settings.

    Space, anchors, data and training stay: parents and scores would mean something else. The rest
    may change: evolution, screens, protocols. `evonas resume` goes on.
    """
    from evonas.cli.next_commands import resume_command
    from evonas.cli.output import stderr
    from evonas.runs import fork as fork_a_run
    from results_db.store import ResultsDB
    from search_spaces.errors import counted

    overrides = list(set_ or ())
    if seed is not None:
        overrides.append(f"seed={seed}")
    if budget is not None:
        overrides.append(f"budget={budget}")
    with ResultsDB.open(db, create=False) as results:
        record = fork_a_run(results, run, name, overrides, at)
        shared = results.count(name)
        more = 2 * shared if record.budget is not None and record.budget <= shared else None
        command = resume_command(results, name, record.config.get("primitives", ()), more)
    print(name)
    stderr().print(
        f"shares {counted(shared, 'candidate')} with {run}, budget {record.budget:,}; "
        f"go on with: {command}",
        markup=False,
        soft_wrap=True,
    )
