"""`evonas db`: the database itself: upgrade, check, copy, merge."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.errors import FAILED
from evonas.cli.options import DEFAULT_DATABASE, Database

app = typer.Typer(no_args_is_help=True, help="Upgrade, check, copy or merge databases.")

_From = Annotated[
    str, typer.Option("--from", envvar="EVONAS_DB", metavar="URL", help="The database to read.")
]
_To = Annotated[
    str, typer.Option("--to", metavar="URL", help="The database to write; made if there is none.")
]


@app.command()
def upgrade(db: Database = DEFAULT_DATABASE) -> None:
    """Bring the database to the schema of this version; all or nothing. Make a backup first.

    Digests of an older canonical form are computed again, but for layers with primitives of the
    user's own, whose functions are not here.
    """
    from results_db.migrate import recompute_digests
    from results_db.migrate import upgrade as upgrade_schema
    from results_db.store import ResultsDB
    from search_spaces.canonical import canonical_and_digest
    from search_spaces.errors import UnknownPrimitiveError, counted
    from search_spaces.graph import Graph

    def digest_of(graph: str) -> str | None:
        try:
            return canonical_and_digest(Graph.from_json(graph))[1]
        except UnknownPrimitiveError:
            return None

    before, after = upgrade_schema(db)
    with ResultsDB.open(db, create=False) as results:
        changed = recompute_digests(results, digest_of)
        address = results.address
    schema = f"schema {before} -> {after}" if before != after else f"schema {after} is the latest"
    print(f"{address}: {schema}, {counted(changed, 'digest')} computed anew")


@app.command()
def check(db: Database = DEFAULT_DATABASE) -> None:
    """Read everything once: is the file whole, do counts and fronts agree with the histories?

    Exit code 1 if something is wrong.
    """
    from results_db.check import check as problems_of
    from results_db.store import ResultsDB

    with ResultsDB.open(db, create=False) as results:
        problems, address = problems_of(results), results.address
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(FAILED)
    print(f"{address} is in order")


@app.command()
def copy(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run.")],
    to: _To,
    from_: _From = DEFAULT_DATABASE,
    name: Annotated[
        str | None, typer.Option(metavar="NEW", help="Name of the copy; the same if not given.")
    ] = None,
) -> None:
    """Copy a run and all finished evaluations to another database; again: only what is new."""
    from evonas.runs import EXTENT
    from results_db.store import ResultsDB
    from results_db.transfer import copy_evaluations, copy_run
    from search_spaces.errors import counted

    with ResultsDB.open(from_, create=False) as source:
        source.run(run)
        with ResultsDB.open(to) as target:
            copy_evaluations(source, target)
            new = copy_run(source, target, run, new_name=name, extent=EXTENT)
            print(f"{target.address}: {counted(new, 'candidate')} new in {name or run}")


@app.command()
def merge(to: _To, from_: _From = DEFAULT_DATABASE) -> None:
    """Copy all runs and finished evaluations into another database; again: only what is new."""
    from evonas.runs import EXTENT
    from results_db.store import ResultsDB
    from results_db.transfer import merge as merge_all
    from search_spaces.errors import counted

    with ResultsDB.open(from_, create=False) as source, ResultsDB.open(to) as target:
        for name, new in merge_all(source, target, EXTENT).items():
            print(f"{target.address}: {counted(new, 'candidate')} new in {name}")
