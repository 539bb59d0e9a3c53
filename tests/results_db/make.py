"""Records to test with."""

from dataclasses import replace
from typing import Any

from results_db import SCORED, CandidateRecord, EvaluationRecord


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


def evaluation(key: str = "k" * 64, **values: Any) -> EvaluationRecord:
    record = EvaluationRecord(
        key=key, digest=f"c1-{1:032x}", verdict=SCORED, scores={"resnet": 1 / 3}, seconds=2.0
    )
    return replace(record, **values)
