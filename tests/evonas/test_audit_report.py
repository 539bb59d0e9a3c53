"""What counts as a false rejection, and how the audit is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.audit_report import AuditLine, audit_report
from results_db.records import AuditedRecord, BaselineRecord, EvaluationRecord
from results_db.store import ResultsDB
from tests.evonas.command_line import run
from tests.evonas.small_database import HISTORY, RUN, make_database
from workers.verdict import Verdict

GOOD = {"resnet": 0.7, "vit": 0.7, "mobilenet": 0.7}  # the worst accepted baseline has 0.667
AS_GOOD = {"resnet": 0.875, "vit": 0.5, "mobilenet": 0.625}  # as that baseline
POOR = {"resnet": 0.9, "vit": 0.5, "mobilenet": 0.3}
STACK, QUALITY, STABLE = "stack", "quality", "stability, first steps"
CASES = [  # check, verdict, further, scores -> passed the rest, good
    (STACK, Verdict.SCORED, (), GOOD, True, True),
    (STACK, Verdict.SCORED, (), POOR, True, False),
    (STACK, Verdict.LOW_QUALITY, (), GOOD, False, False),
    (QUALITY, Verdict.LOW_QUALITY, (), GOOD, True, True),
    (QUALITY, Verdict.LOW_QUALITY, (Verdict.LOW_QUALITY,), GOOD, True, True),
    (QUALITY, Verdict.LOW_QUALITY, (), AS_GOOD, True, True),
    (QUALITY, Verdict.LOW_QUALITY, (Verdict.UNSTABLE,), GOOD, False, False),
    (QUALITY, Verdict.LOW_QUALITY, (Verdict.DIVERGED,), {"resnet": 0.9}, False, False),
    (STABLE, Verdict.UNSTABLE, (), GOOD, True, True),
    (STABLE, Verdict.UNSTABLE, (Verdict.LOW_QUALITY,), GOOD, False, False),
    ("stability, all steps", Verdict.UNSTABLE, (), GOOD, True, True),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/audit.db"
    make_database(url)
    with ResultsDB.open(url) as db, db.writer(RUN) as writer:
        layers = []
        for i, (failed, verdict, further, scores, _, _) in enumerate(CASES):
            layer = AuditedRecord(
                digest=f"c1-{i:032x}",
                number=i % 5,
                failed=failed,
                graph_json="{}",
                text="x",
                evaluation_key=f"audit {i}",
            )
            writer.store_evaluation(
                EvaluationRecord(
                    key=layer.evaluation_key,
                    digest=layer.digest,
                    verdict=verdict,
                    further=further,
                    scores=scores,
                    seconds=2.0,
                )
            )
            layers.append(layer)
        waiting = replace(layers[0], digest="c1-w", evaluation_key="yet to come")
        failed_one = replace(waiting, digest="c1-f", failure="crash: of the worker")
        writer.store_audited([*layers, waiting, failed_one])
    return url


def lines(url: str) -> dict[str, AuditLine]:
    with ResultsDB.open(url) as db:
        return {line.check: line for line in audit_report(db, RUN).lines}


def test_a_false_rejection_passes_the_rest_and_scores_as_much_as_a_baseline(url: str) -> None:
    with ResultsDB.open(url) as db:
        report = audit_report(db, RUN)
    assert (report.bar, report.bar_of) == (pytest.approx((0.875 + 0.5 + 0.625) / 3), "BN-ReLU")
    found = {f.layer.digest: (f.passed, f.is_false) for f in report.layers}
    for i, (*_, passed, good) in enumerate(CASES):
        assert found[f"c1-{i:032x}"] == (passed, good), CASES[i]
    assert found["c1-w"] == found["c1-f"] == (False, False)


def test_the_bar_is_the_worst_baseline_of_those_accepted(url: str) -> None:
    further = (("better", Verdict.SCORED, 0.9), ("rejected", Verdict.LOW_QUALITY, 0.1))
    with ResultsDB.open(url) as db:
        with db.writer(RUN) as writer:
            for name, verdict, score in further:
                scores = dict.fromkeys(GOOD, score)
                writer.store_evaluation(
                    EvaluationRecord(key=name, digest="c1-b", verdict=verdict, scores=scores)
                )
                writer.store_baseline(
                    BaselineRecord(name=name, text="x", digest="c1-b", evaluation_key=name)
                )
        assert audit_report(db, RUN).bar_of == "BN-ReLU"


def test_rates_count_what_has_a_result(url: str) -> None:
    stack, quality = lines(url)["stack"], lines(url)["quality"]
    assert (stack.followed, stack.waiting, stack.failed) == (3, 1, 1)
    assert (stack.passed, stack.false, stack.rate) == (2, 1, pytest.approx(1 / 3))
    assert stack.refused == sum(row.refused.get("stack", 0) for row in HISTORY)
    assert quality.refused == sum(row.verdict == Verdict.LOW_QUALITY for row in HISTORY)
    assert lines(url)["no path"].rate is None
    assert lines(url)["no path"].low is None


def test_a_failed_layer_that_another_run_evaluated_since_is_followed(url: str) -> None:
    with ResultsDB.open(url) as db, db.writer(RUN) as writer:
        (layer,) = (x for x in db.audited(RUN) if x.evaluation_key == "audit 0")
        writer.store_audited([replace(layer, failure="crash: of the worker")])
    stack = lines(url)["stack"]
    assert (stack.followed, stack.waiting, stack.failed) == (3, 1, 1)


def test_what_the_last_protocol_rejected_costs_nothing(url: str) -> None:
    with ResultsDB.open(url) as db:
        assert audit_report(db, RUN).seconds == 2.0 * (len(CASES) - 1)


def test_without_an_accepted_baseline_the_bar_is_the_median_candidate(url: str) -> None:
    with ResultsDB.open(url) as db:
        with db.writer(RUN) as writer:
            for baseline in db.baselines(RUN):
                writer.store_baseline(replace(baseline, evaluation_key="not measured"))
        report = audit_report(db, RUN)
    means = sorted(row.mean_score for row in HISTORY if row.mean_score is not None)
    assert report.bar == pytest.approx((means[0] + means[1]) / 2)
    assert report.bar_of == "the median scored candidate"


def test_the_command_and_status_tell_it(url: str) -> None:
    table = run("audit", RUN, "--db", url).stdout
    assert "33.3%" in table
    assert "0.667, BN-ReLU" in table
    assert "1 to be trained yet, 1 failed" in table
    assert "33.3%" in run("status", RUN, "--db", url).stdout
    facts = json.loads(run("audit", RUN, "--format", "json", "--db", url).stdout)
    assert [row["false"] for row in facts["rows"] if row["check"] == "stack"] == [1]
    told = json.loads(run("status", RUN, "--format", "json", "--db", url).stdout)
    assert {line["check"] for line in told["audit"]} == {case[0] for case in CASES}
    listed = run("audit", RUN, "--layers", "--format", "csv", "--db", url).stdout.splitlines()
    assert len(listed) == 1 + len(CASES) + 2


def test_a_run_without_audit_says_how_to_start_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    make_database(url)
    assert "audit.share=0.01" in run("audit", RUN, "--db", url).stderr
    assert "audit of the check" not in run("status", RUN, "--db", url).stdout
