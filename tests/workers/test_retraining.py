"""Retraining: the third split is read for a test, once, and by nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS, TINY
from workers.data import ArraysConfig, DataError, Dataset, Split, load_data
from workers.evaluation import evaluate, evaluation_key
from workers.retraining import alone, check_test_data, retrain, retraining_key
from workers.settings import AnchorConfig, EvaluationConfig
from workers.training import Training
from workers.verdict import Verdict

RESNET = alone(TINY, TINY.anchors[0])
GN = graph_of("GN-ReLU").to_json()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every reading of the third split."""
    data, found = load_data(TINY.data), []

    def read() -> Split:
        found.append(1)
        return data.read_test()

    counted: Dataset = replace(data, read_test=read)
    for module in ("workers.course", "workers.retraining"):
        monkeypatch.setattr(f"{module}.load_data", lambda *_: counted)
    return found


def test_validation_is_that_of_an_evaluation_without_protocols() -> None:
    for seed in (0, 1000):
        expected = evaluate(GN, RESNET, seed)
        found = retrain(GN, False, RESNET, seed, False)
        assert found.scores == {"validation": expected.scores["resnet"]}
        assert (found.verdict, found.class_sha256) == (Verdict.SCORED, expected.class_sha256)


def test_the_third_split_is_read_once_for_a_test_and_never_without(reads: list[int]) -> None:
    untested = retrain(GN, False, RESNET, 0, False)
    assert reads == []
    tested = retrain(GN, False, RESNET, 0, True)
    assert reads == [1]
    assert tested.scores["validation"] == untested.scores["validation"]


def test_the_test_is_of_the_trained_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Training] = []
    advance = Training.advance

    def remembered(self: Training, until: int | None = None) -> None:
        trained.append(self)
        advance(self, until)

    monkeypatch.setattr(Training, "advance", remembered)
    found = retrain(GN, False, RESNET, 3, True)
    (training,) = trained
    split = load_data(TINY.data).read_test()
    right = (training.network.eval()(split.inputs).argmax(-1) == split.labels).float().mean()
    assert found.scores["test"] == pytest.approx(right.item())


def test_layers_of_one_seed_see_the_same_data_and_seeds_differ() -> None:
    scores = {seed: retrain(GN, False, RESNET, seed, True).scores for seed in (0, 1)}
    assert retrain(GN, False, RESNET, 0, True).scores == scores[0]
    assert scores[0] != scores[1]


def test_a_class_of_the_users_own_is_trained_too() -> None:
    found = retrain("tests.workers.test_own_layers:Tanh", True, RESNET, 0, True)
    assert found.scores.keys() == {"validation", "test"}
    assert found.class_sha256 == ""


def test_a_training_that_diverges_has_a_reason_and_no_score() -> None:
    steep = replace(RESNET, training=replace(RESNET.training, learning_rate=1e30))
    found = retrain(graph_of("x * x").to_json(), False, steep, 0, True)
    assert found.verdict == Verdict.DIVERGED
    assert found.scores == {}
    assert "on resnet" in found.reason


def test_the_key_says_what_was_done() -> None:
    other = replace(RESNET, training=replace(RESNET.training, learning_rate=0.3))
    keys = {
        retraining_key(digest, config, seed, tested)
        for digest in ("a", "b")
        for config in (RESNET, other)
        for seed in (0, 1)
        for tested in (False, True)
    } | {evaluation_key("a", RESNET, 0, stop) for stop in (False, True)}
    assert len(keys) == 16 + 2


def test_protocols_of_the_settings_do_not_matter() -> None:
    strict = replace(
        TINY,
        quality=replace(TINY.quality, threshold=0.9),
        stability=replace(TINY.stability, steps=30),
    )
    assert alone(strict, replace(TINY.anchors[0], quality_step=2)) == RESNET


def test_data_without_a_third_split_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    x, y = np.zeros((4, 8, 8, 3), np.uint8), np.arange(4)
    file = tmp_path / "data.npz"
    np.savez(file, x_train=x, y_train=y, x_val=x, y_val=y)
    anchors = (AnchorConfig("resnet", NETWORKS["resnet"]),)
    check_test_data(TINY)
    with pytest.raises(DataError, match="no third split for reranking; add x_test and y_test"):
        check_test_data(EvaluationConfig(anchors, data=ArraysConfig(str(file))))
