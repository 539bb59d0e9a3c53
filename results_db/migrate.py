"""`evonas db upgrade`: brings an older database to the current schema, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, select, update

from results_db.schema import connect, mismatch, schema_version
from results_db.store import ResultsDB
from results_db.tables import SCHEMA_VERSION, CandidateRow


def upgrade(url: str) -> tuple[int, int]:
    """The schema versions before and after; a failure or a kill leaves the database as it was.

    Raises SchemaMismatch for a database of a newer version, and what ResultsDB.open raises.
    """
    with connect(url, create=False) as database:
        with database.read() as connection:
            before = schema_version(connection)
        if before == 0 or before > SCHEMA_VERSION:
            raise mismatch(database.address, before)
        if before < SCHEMA_VERSION:
            with database.write() as connection:
                migrate(connection, f"{SCHEMA_VERSION:04}")
    return before, SCHEMA_VERSION


def migrate(connection: Connection, revision: str) -> None:
    """Runs the migrations up to the revision inside the connection's transaction."""
    from alembic import command  # here: only an upgrade needs it, every command would wait
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def recompute_digests(
    db: ResultsDB, digest_of: Callable[[str], str | None], *, chunk: int = 1000
) -> int:
    """Gives every stored graph the digest that `digest_of(graph_json)` says; how many changed.

    A graph for which it says None keeps its digest.

    For a new version of the canonical form. Safe to repeat after an interruption.
    """
    changed = 0
    at: tuple[int, int] = (0, -1)
    place = (CandidateRow.run_id, CandidateRow.number)
    while True:
        with db.database.write() as connection:
            after = (CandidateRow.run_id > at[0]) | (
                (CandidateRow.run_id == at[0]) & (CandidateRow.number > at[1])
            )
            graphs = (
                select(*place, CandidateRow.graph_json, CandidateRow.digest)
                .where(after, CandidateRow.graph_json.is_not(None))
                .order_by(*place)
                .limit(chunk)
            )
            rows = connection.execute(graphs).all()
            for row in rows:
                digest = digest_of(row.graph_json)
                if digest not in (None, row.digest):
                    here = (CandidateRow.run_id == row.run_id, CandidateRow.number == row.number)
                    connection.execute(update(CandidateRow).where(*here).values(digest=digest))
                    changed += 1
        if len(rows) < chunk:
            return changed
        at = (rows[-1].run_id, rows[-1].number)
