"""From record to row and back, with the checks that keep a bad value out of the database."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from results_db.errors import BadRecord
from results_db.records import (
    AuditedRecord,
    BaselineRecord,
    CandidateRecord,
    EvaluationRecord,
    RunRecord,
)

FLOAT_BYTES = 8  # of each number of a stored fingerprint
_JSON = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":"))


def clean(text: str) -> str:
    """Text that every back-end stores alike: NUL bytes and lone surrogates become U+FFFD."""
    return (
        str(text)
        .replace("\0", "\ufffd")
        .encode("utf-8", "surrogatepass")
        .decode("utf-8", "replace")
    )


def json_text(value: object, what: str) -> str:
    """The exact JSON of a value, keys sorted; raises BadRecord for what JSON cannot say."""
    try:
        return _JSON.encode(value)
    except (TypeError, ValueError) as error:
        raise BadRecord(
            f"{what} is no JSON: {error}. Allowed: finite numbers, text, lists, dicts."
        ) from None


def _scores(scores: Mapping[str, float], what: str) -> str:
    values = {str(anchor): float(score) for anchor, score in scores.items()}
    bad = {anchor: score for anchor, score in values.items() if not math.isfinite(score)}
    if bad:
        raise BadRecord(
            f"scores of {what} are not finite: {bad}. Give a failed layer a verdict, not a score."
        )
    return json_text(values, f"scores of {what}")


def _pack(fingerprint: tuple[float, ...]) -> bytes:
    values = array("d", fingerprint)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def unpack(data: bytes) -> tuple[float, ...]:
    """The fingerprint from its bytes (little-endian float64)."""
    values = array("d", data)
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values)


def candidate_values(record: CandidateRecord, run_id: int, committed_at: float) -> dict[str, Any]:
    """The column values of a candidate; raises BadRecord."""
    what = f"candidate {record.number}"
    if not record.verdict:
        raise BadRecord(f"{what} has no verdict. Every candidate ends with exactly one.")
    scores = _scores(record.scores, what)
    ranked = record.repeat_of is None and record.mean_score is not None
    return {
        "run_id": run_id,
        "number": int(record.number),
        "parent": record.parent,
        "donor": record.donor,
        "origin": clean(record.origin),
        "repeat_of": record.repeat_of,
        "seed_index": int(record.seed_index),
        "slot": record.slot,
        "graph_json": record.graph_json,
        "digest": record.digest,
        "text": clean(record.text),
        "verdict": str(record.verdict),
        "reason": clean(record.reason),
        "duplicate_of": record.duplicate_of,
        "scores": scores,
        "costs": _scores(record.costs, what),
        "mean_score": record.mean_score if ranked else None,
        "seeds": int(ranked),
        "attempts": int(record.attempts),
        "refused": json_text(
            {str(check): int(n) for check, n in record.refused.items()}, f"refused of {what}"
        ),
        "fingerprint": _pack(record.fingerprint),
        "seconds": float(record.seconds),
        "worker": clean(record.worker),
        "cached": bool(record.cached),
        "class_sha256": record.class_sha256,
        "committed_at": committed_at if record.committed_at is None else record.committed_at,
    }


def candidate_record(row: Row[Any]) -> CandidateRecord:
    """The record of a row of CandidateRow's columns."""
    return CandidateRecord(
        number=row.number,
        parent=row.parent,
        donor=row.donor,
        origin=row.origin,
        repeat_of=row.repeat_of,
        seed_index=row.seed_index,
        slot=row.slot,
        graph_json=row.graph_json,
        digest=row.digest,
        text=row.text,
        verdict=row.verdict,
        reason=row.reason,
        duplicate_of=row.duplicate_of,
        scores=json.loads(row.scores),
        costs=json.loads(row.costs),
        attempts=row.attempts,
        refused=json.loads(row.refused),
        fingerprint=unpack(row.fingerprint),
        seconds=row.seconds,
        worker=row.worker,
        cached=row.cached,
        class_sha256=row.class_sha256,
        committed_at=row.committed_at,
        seeds=row.seeds,
    )


def evaluation_values(record: EvaluationRecord, stored_at: float) -> dict[str, Any]:
    """The column values of an evaluation; raises BadRecord."""
    if not record.key or not record.verdict:
        raise BadRecord(
            f"evaluation of {record.digest!r} needs a key and a verdict; "
            f"given {record.key!r}, {record.verdict!r}."
        )
    return {
        "key": record.key,
        "digest": record.digest,
        "verdict": str(record.verdict),
        "reason": clean(record.reason),
        "scores": _scores(record.scores, f"evaluation {record.key[:12]}"),
        "seconds": float(record.seconds),
        "class_sha256": record.class_sha256,
        "worker": clean(record.worker),
        "further": json_text([str(verdict) for verdict in record.further], "further verdicts"),
        "stored_at": stored_at,
    }


def evaluation_record(row: Row[Any]) -> EvaluationRecord:
    """The record of a row of EvaluationRow's columns."""
    return EvaluationRecord(
        key=row.key,
        digest=row.digest,
        verdict=row.verdict,
        reason=row.reason,
        scores=json.loads(row.scores),
        seconds=row.seconds,
        class_sha256=row.class_sha256,
        worker=row.worker,
        further=tuple(json.loads(row.further or "[]")),
    )


def audited_values(record: AuditedRecord, run_id: int) -> dict[str, Any]:
    """The column values of an audited layer."""
    return {
        "run_id": run_id,
        "digest": record.digest,
        "number": record.number,
        "failed": record.failed,
        "graph_json": record.graph_json,
        "text": clean(record.text),
        "evaluation_key": record.evaluation_key,
        "failure": clean(record.failure),
    }


def audited_record(row: Row[Any]) -> AuditedRecord:
    """The record of a row of AuditedRow's columns."""
    return AuditedRecord(
        digest=row.digest,
        number=row.number,
        failed=row.failed,
        graph_json=row.graph_json,
        text=row.text,
        evaluation_key=row.evaluation_key,
        failure=row.failure,
    )


def baseline_record(row: Row[Any]) -> BaselineRecord:
    """The record of a row of BaselineRow's columns."""
    return BaselineRecord(
        name=row.name, text=row.text, digest=row.digest, evaluation_key=row.evaluation_key
    )


def run_record(row: Row[Any], *, held: bool) -> RunRecord:
    """The record of a row of RunRow's columns; `held`: a driver has it."""
    return RunRecord(
        name=row.name,
        seed=row.seed,
        config=json.loads(row.config),
        state="interrupted" if row.state == "running" and not held else row.state,
        budget=row.budget,
        created_at=row.created_at,
        updated_at=row.updated_at,
        forked_from=row.forked_from,
        forked_at=row.forked_at,
        hardware=tuple(json.loads(row.hardware or "[]")),
    )
