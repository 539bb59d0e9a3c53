"""Records to test with."""

from dataclasses import replace
from typing import Any

from results_db import (
    SCORED,
    AnchorResult,
    AuditedRecord,
    CandidateRecord,
    EvaluationRecord,
    RerankedLayer,
    RerankRecord,
)


def candidate(number: int, **values: Any) -> CandidateRecord:
    record = CandidateRecord(
        number=number,
        verdict=SCORED,
        graph_json=f'{{"number":{number}}}',
        digest=f"c1-{number:032x}",
        text="max(x, 0)",
        scores={"resnet": 0.5 + number / 10000, "vit": 0.5 - number % 7 / 100},
        attempts=number + 1,
        refused={"structure": number},
        fingerprint=(0.1, number / 3, -1e300),
        seconds=1.5,
        worker="worker-1",
        class_sha256="ab" * 32,
    )
    return replace(record, **values)


def audited(number: int, **values: Any) -> AuditedRecord:
    record = AuditedRecord(
        digest=f"c1-{number:032x}",
        number=number,
        failed="stack",
        graph_json="{}",
        text="exp(x)",
        evaluation_key=f"{number:064x}",
    )
    return replace(record, **values)


def evaluation(key: str = "k" * 64, **values: Any) -> EvaluationRecord:
    record = EvaluationRecord(
        key=key, digest=f"c1-{1:032x}", verdict=SCORED, scores={"resnet": 1 / 3}, seconds=2.0
    )
    return replace(record, **values)


def rerank(run: str = "run", key: str = "r" * 64, **values: Any) -> RerankRecord:
    good = AnchorResult(rate=0.3, validation=1 / 3, test=(0.5, 0.1 + 0.2))
    bad = AnchorResult(failure="loss nan at step 3", failed_rates={"3": "loss nan at step 1"})
    layer = RerankedLayer(
        name="0000",
        kind="found",
        digest=f"c1-{1:032x}",
        text="max(x, 0)",
        number=1,
        results={"resnet": good, "vit": bad},
    )
    record = RerankRecord(run=run, key=key, settings={"seeds": 2}, layers=(layer,), stored_at=5.0)
    return replace(record, **values)
