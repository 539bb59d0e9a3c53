"""Reranks: the best layers of a run, trained again on held-out settings."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select

from results_db.database import Database
from results_db.records import AnchorResult, RerankedLayer, RerankRecord
from results_db.rows import json_text
from results_db.tables import RerankRow, RunRow


def store(database: Database, run_id: int, record: RerankRecord) -> None:
    """Stores the rerank, in the place of one under the same key. Raises BadRecord."""
    what = f"rerank {record.key[:12]} of run {record.run!r}"
    values = {
        "run_id": run_id,
        "key": record.key,
        "settings": json_text(record.settings, f"settings of {what}"),
        "layers": json_text([asdict(layer) for layer in record.layers], f"layers of {what}"),
        "stored_at": time.time() if record.stored_at is None else record.stored_at,
    }

    def replace() -> None:
        same = (RerankRow.run_id == run_id, RerankRow.key == record.key)
        with database.write() as connection:
            connection.execute(delete(RerankRow).where(*same))
            connection.execute(insert(RerankRow).values(values))

    database.patiently(replace)


def find(database: Database, run_id: int | None) -> list[RerankRecord]:
    """The reranks of a run, of all runs for None, oldest first."""
    chosen = (
        select(RunRow.name.label("run_name"), *RerankRow.__table__.c)
        .join(RunRow, RunRow.id == RerankRow.run_id)
        .order_by(RerankRow.stored_at, RerankRow.key)
    )
    if run_id is not None:
        chosen = chosen.where(RerankRow.run_id == run_id)
    with database.read() as connection:
        rows = connection.execute(chosen).all()
    return [
        RerankRecord(
            run=row.run_name,
            key=row.key,
            settings=json.loads(row.settings),
            layers=tuple(_layer(values) for values in json.loads(row.layers)),
            stored_at=row.stored_at,
        )
        for row in rows
    ]


def _layer(values: Mapping[str, Any]) -> RerankedLayer:
    results = {anchor: _result(result) for anchor, result in values["results"].items()}
    return RerankedLayer(**{**values, "results": results})


def _result(values: Mapping[str, Any]) -> AnchorResult:
    return AnchorResult(**{**values, "test": tuple(values["test"])})
