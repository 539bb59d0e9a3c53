"""A PostgreSQL server to test on, if there is one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text

SERVER = os.environ.get("EVONAS_TEST_POSTGRES", "")

needs_server = pytest.mark.skipif(
    not SERVER,
    reason="no PostgreSQL server: set EVONAS_TEST_POSTGRES to postgresql://user@host/db",
)


def fresh_schema() -> Iterator[str]:
    """The server's URL with a schema of its own, dropped afterwards."""
    schema = f"evonas_test_{uuid.uuid4().hex}"
    address = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = address.set(drivername="postgresql").update_query_dict(
        {"options": f"-csearch_path={schema}"}
    )
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()
