"""Calibration: variants of the settings, what is said of the scores, and the command."""

from __future__ import annotations

import csv
import json
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import kendalltau

from evonas.calibration import Calibration, summarise
from evonas.calibration_layers import BAD, KNOWN, PROBED
from evonas.calibration_plot import plot
from evonas.cli.errors import FAILED, INTERRUPTED
from evonas.published import IMAGENET, published_mean
from evonas.scoring import LayerScores, subject_of
from results_db.records import EvaluationRecord
from search_spaces.canonical import digest
from search_spaces.text import parse
from tests.evonas.command_line import run
from tests.evonas.test_scoring import OPTIONS
from workers.pools.base import Completion
from workers.pools.serial import SerialPool

SCORES = {  # by layer: three seeds on the anchor "a"
    "BN-ReLU": (0.80, 0.82, 0.84),
    "BN-SiLU": (0.85, 0.87, 0.89),
    "GN-ReLU": (0.70, 0.74, 0.72),
    "EvoNorm-S0": (0.60, 0.50, 0.70),
}


def layer_scores(name: str, text: str, values: tuple[float, ...], verdict: str) -> LayerScores:
    subject = subject_of(parse(text), name)
    records = {
        seed: EvaluationRecord(
            key=f"{name} {seed}",
            digest=subject.digest,
            verdict=verdict,
            scores={"a": value, "b": 0.5},
            seconds=2.0,
        )
        for seed, value in enumerate(values)
    }
    return LayerScores(subject, records)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    known = [layer_scores(n, KNOWN[n], v, "scored") for n, v in SCORES.items()]
    bad = [layer_scores("square", BAD["square"], (0.1, 0.1, 0.1), "unstable")]
    long = [layer_scores(n, KNOWN[n], tuple(-x for x in v), "scored") for n, v in SCORES.items()]
    return summarise({"as set": [*known, *bad], "x10 steps": long}, ["a", "b"])


def test_there_are_enough_layers_and_none_is_on_both_sides() -> None:
    assert len(BAD) >= 8
    assert len(PROBED) >= 8
    assert set(PROBED) <= KNOWN.keys()
    assert set(IMAGENET) <= KNOWN.keys()
    digests = [{digest(parse(text)) for text in side.values()} for side in (KNOWN, BAD)]
    assert not digests[0] & digests[1]


def test_rows_have_mean_noise_and_verdicts(calibration: Calibration) -> None:
    by_place = {(r.variant, r.layer, r.anchor): r for r in calibration.rows}
    assert len(by_place) == len(calibration.rows) == 2 * (5 + 4)
    row = by_place["as set", "EvoNorm-S0", "a"]
    assert row.score == pytest.approx(0.6)
    assert row.noise == pytest.approx(0.1)
    assert (row.seeds, row.verdicts, row.seconds, row.kind) == (3, "3 scored", 2.0, "known")
    assert by_place["as set", "square", "a"].kind == "bad"
    assert calibration.seconds == 2.0


def test_noise_is_pooled_over_known_layers(calibration: Calibration) -> None:
    variances = [statistics.variance(values) for values in SCORES.values()]
    assert calibration.noise["a"] == pytest.approx(statistics.fmean(variances) ** 0.5)
    assert calibration.noise["b"] == 0


def test_orders_are_compared_by_kendall_s_tau(calibration: Calibration) -> None:
    found = {(a.between, a.anchor): a for a in calibration.agreements}
    means = {name: statistics.fmean(values) for name, values in SCORES.items()}
    published = [published_mean(name) for name in means]
    expected = kendalltau(list(means.values()), published).statistic
    against_paper = found["as set, published ImageNet order", "a"]
    assert (against_paper.tau, against_paper.layers) == (pytest.approx(expected), 4)
    assert found["as set, x10 steps", "a"].tau == pytest.approx(-1)
    assert found["as set, x10 steps", "b"].tau is None, "all are equal there"


def test_a_layer_that_diverged_on_a_seed_has_no_place_in_an_order() -> None:
    """Its mean is of the seeds on which it was lucky: here that would turn the order round."""
    own = [layer_scores(n, KNOWN[n], v, "scored") for n, v in SCORES.items()]
    fast = [layer_scores(n, KNOWN[n], v, "scored") for n, v in SCORES.items()]
    lucky = fast[-1].records
    lucky[0] = replace(lucky[0], scores={**lucky[0].scores, "a": 0.99})
    for seed in (1, 2):
        lucky[seed] = replace(lucky[seed], verdict="diverged", scores={"b": 0.5})
    own[0].records[0] = replace(own[0].records[0], scores={}, verdict="diverged")
    found = {
        (a.between, a.anchor): a
        for a in summarise({"as set": own, "rate x3": fast}, ["a", "b"]).agreements
    }
    rate = found["as set, rate x3", "a"]
    assert (rate.tau, rate.layers) == (pytest.approx(1), 2)
    assert rate.left_out == "BN-ReLU, EvoNorm-S0"
    paper = found["as set, published ImageNet order", "a"]
    assert (paper.layers, paper.left_out) == (3, "BN-ReLU")
    assert found["as set, rate x3", "b"].left_out == "BN-ReLU", "S0 diverged on the anchor a alone"


def test_without_two_whole_layers_there_is_no_agreement() -> None:
    only = [layer_scores("GN-ReLU", KNOWN["GN-ReLU"], (0.5, 0.6), "scored")]
    found = summarise({"as set": only, "rate x3": []}, ["a"])
    assert [(a.tau, a.layers) for a in found.agreements] == [(None, 1), (None, 0)]


def test_a_picture_is_drawn(calibration: Calibration, tmp_path: Path) -> None:
    plot(calibration, "test", tmp_path / "scores.png")
    content = (tmp_path / "scores.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def test_command_goes_on_where_it_was_stopped(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: KNOWN[name] for name in ("BN-ReLU", "GN-ReLU")}
    monkeypatch.setattr("evonas.calibration.KNOWN", few)
    monkeypatch.setattr("evonas.calibration.BAD", {"tanh": "tanh(x)"})
    options = ["--seeds", "2", "--long", "2", "--long-seeds", "1", "--rate-seeds", "1", *OPTIONS]
    wait, waits = SerialPool.wait, iter(range(10**6))

    def interrupted(self: SerialPool, timeout: float | None = None) -> list[Completion]:
        if next(waits) == 5:
            raise KeyboardInterrupt
        return wait(self, timeout)

    monkeypatch.setattr(SerialPool, "wait", interrupted)
    stopped = run("calibrate", *options)
    assert stopped.exit_code == INTERRUPTED
    assert "the same command goes on" in " ".join(stopped.stderr.split())
    first = run("calibrate", *options)
    assert first.exit_code == 0, first.output
    for said in ("noise between seeds", "published ImageNet order", "x2 steps", "rate x0.3"):
        assert said in first.stdout
    table = (here / "calibration/quick/scores.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == 3 * 3 + 3 * 2 * 3
    assert (here / "calibration/quick/scores.png").exists()
    agreement = (here / "calibration/quick/agreement.csv").read_text(encoding="utf-8")
    assert agreement.startswith("between,anchor,tau,layers,left_out")
    monkeypatch.setattr(SerialPool, "submit", None)
    again = run("calibrate", *options)
    assert again.stdout == first.stdout


def test_failures_of_the_machine_are_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no memory left")

    monkeypatch.setattr("evonas.calibration.KNOWN", {"GN-ReLU": KNOWN["GN-ReLU"]})
    monkeypatch.setattr("evonas.calibration.BAD", {})
    monkeypatch.setattr("workers.course.begin_training", broken)
    options = ["--seeds", "2", "--long-seeds", "0", "--rate-seeds", "0", *OPTIONS]
    result = run("calibrate", *options, "--format", "json")
    assert result.exit_code == FAILED
    assert "2 evaluations failed; the same command tries again" in result.stderr
    assert "as set, GN-ReLU: out_of_memory: MemoryError" in result.stderr
    assert [row["seconds"] for row in json.loads(result.stdout)] == [None] * 3


def test_a_missing_matplotlib_is_told_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = run("calibrate", *OPTIONS)
    assert result.exit_code == FAILED
    assert "pip install 'evonas[plots]'" in result.stderr
