"""`evonas clean`: remove the runs that never committed a candidate."""

from __future__ import annotations

from typing import Annotated

import typer

from evonas.cli.options import DEFAULT_DATABASE, Database


def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only name the runs that would go.")
    ] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Remove runs without candidates that nobody is searching; evaluations stay."""
    from evonas.cli.output import stderr
    from results_db.clean import clean as clean_up
    from results_db.store import ResultsDB
    from search_spaces.errors import counted

    with ResultsDB.open(db, create=False) as results:
        names = clean_up(results, dry_run=dry_run)
    for name in names:
        print(name)
    done = "would be removed" if dry_run else "removed"
    stderr().print(f"{counted(len(names), 'run')} {done}")
