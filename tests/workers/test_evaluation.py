"""Evaluation: verdicts, order of cost, keys, and scores that repeat bit for bit."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

import workers
from search_spaces.canonical import digest
from search_spaces.errors import GraphError
from search_spaces.layer import layer_code
from search_spaces.text import parse
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS, TINY
from workers import evaluation
from workers.data import Split, TextConfig, load_data
from workers.evaluation import (
    AnchorConfig,
    Evaluation,
    EvaluationConfig,
    SettingsError,
    UnfitLayerError,
    evaluate,
    evaluation_key,
)
from workers.preparation import prepare
from workers.quality import QualityConfig
from workers.stability import StabilityConfig
from workers.training import TrainingConfig
from workers.verdict import Verdict


def json_of(name: str) -> str:
    return graph_of(name).to_json()


def off(config: EvaluationConfig) -> EvaluationConfig:
    return replace(config, stability=StabilityConfig(steps=0))


def test_a_scored_layer_has_a_score_for_every_anchor() -> None:
    result = evaluate(json_of("BN-ReLU"), TINY)
    assert result.verdict is Verdict.SCORED
    assert result.reason == ""
    assert list(result.scores) == ["resnet", "vit", "mobilenet"]
    assert all(0 <= score <= 1 for score in result.scores.values())
    assert result.class_sha256 == layer_code(graph_of("BN-ReLU")).class_sha256
    assert result.seconds > 0


def test_an_explosion_stops_before_any_training() -> None:
    result = evaluate(json_of("exp(x * x)"), TINY)
    assert result.verdict is Verdict.UNSTABLE
    assert re.fullmatch(r"gradient norm \S+ at step \d on resnet", result.reason)
    assert result.scores == {}


def test_the_rest_of_the_ascent_comes_after_the_scores() -> None:
    stability = StabilityConfig(steps=40, first_steps=1, batch=4, rate=0.1)
    result = evaluate(json_of("max(x, -v1)"), replace(TINY, stability=stability))
    assert result.verdict is Verdict.UNSTABLE
    step = int(re.findall(r"step (\d+)", result.reason)[0])
    assert step >= 1
    assert list(result.scores) == ["resnet", "vit", "mobilenet"]


def test_low_quality_names_anchor_step_and_threshold() -> None:
    config = replace(TINY, quality=QualityConfig(step=3, threshold=1.1))
    result = evaluate(json_of("BN-ReLU"), config)
    assert result.verdict is Verdict.LOW_QUALITY
    pattern = r"accuracy 0\.\d{3} at step 3 on resnet, threshold 1\.100"
    assert re.fullmatch(pattern, result.reason)
    assert result.scores == {}


def test_quality_asks_the_anchors_in_the_order_of_the_config() -> None:
    config = replace(
        TINY,
        anchors=tuple(reversed(TINY.anchors)),
        quality=QualityConfig(step=3, threshold=1.1),
    )
    assert " on mobilenet," in evaluate(json_of("BN-ReLU"), config).reason


def test_going_on_after_a_rejection_gives_the_first_reason_and_all_scores() -> None:
    config = replace(TINY, quality=QualityConfig(step=3, threshold=1.1))
    result = evaluate(json_of("BN-ReLU"), config, stop_at_rejection=False)
    assert result.verdict is Verdict.LOW_QUALITY
    assert " on resnet," in result.reason
    assert result.scores == evaluate(json_of("BN-ReLU"), TINY).scores
    assert result.further == (Verdict.LOW_QUALITY,) * 2
    assert evaluate(json_of("BN-ReLU"), config).further == ()
    assert result.hardware == evaluation.hardware_class("cpu")


def test_a_non_finite_loss_is_a_verdict_and_never_a_score() -> None:
    result = evaluate(json_of("exp(exp(x * x))"), off(TINY), stop_at_rejection=False)
    assert result.verdict is Verdict.DIVERGED
    assert re.fullmatch(r"loss (nan|inf) at step 1 on resnet", result.reason)
    assert "resnet" not in result.scores


def test_protocols_can_be_turned_off() -> None:
    config = replace(off(TINY), quality=QualityConfig(step=0, threshold=1.1))
    assert evaluate(json_of("BN-ReLU"), config).verdict is Verdict.SCORED


def test_another_seed_is_another_score() -> None:
    config = replace(TINY, training=TrainingConfig(steps=12, batch=16))
    first, second = (evaluate(json_of("BN-ReLU"), config, seed).scores for seed in (0, 1))
    assert first != second


def test_equal_graphs_written_differently_score_alike() -> None:
    first = evaluate(parse("x * sigmoid(x)").to_json(), TINY)
    second = evaluate(parse("sigmoid(x) * (x + 0)").to_json(), TINY)
    assert (first.scores, first.class_sha256) == (second.scores, second.class_sha256)


def test_the_number_of_threads_is_restored_and_changes_nothing() -> None:
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(evaluate(json_of("GN-ReLU"), TINY).scores)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert results[0] == results[1]


def outcome(name: str) -> tuple[str, str, dict[str, float]]:
    result: Evaluation = evaluate(json_of(name), TINY, stop_at_rejection=False)
    return str(result.verdict), result.reason, result.scores


def test_scores_are_equal_bit_for_bit_alone_and_beside_other_workers() -> None:
    names = ["BN-ReLU", "EvoNorm-B0", "max(x, -v1)"] * 2
    alone = [outcome(name) for name in names]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(outcome, names)) == alone


@pytest.mark.parametrize("name", ["BN-ReLU", "max(x, -v1)"])
def test_no_evaluation_reads_the_third_split(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Split:
        raise AssertionError("the third split was read")

    held_out = replace(load_data(TINY.data), read_test=refuse)
    with pytest.raises(AssertionError, match="third split"):
        held_out.read_test()
    expected = evaluate(json_of(name), TINY, stop_at_rejection=False)
    monkeypatch.setattr("workers.course.load_data", lambda *_: held_out)
    assert evaluate(json_of(name), TINY, stop_at_rejection=False).scores == expected.scores


def test_only_reranking_asks_for_the_third_split() -> None:
    """Of the packages, only the sources themselves may name it."""
    root = Path(workers.__file__).parent.parent
    files = [f for p in ("workers", "evonas", "search_spaces") for f in (root / p).rglob("*.py")]
    callers = {f.relative_to(root).as_posix() for f in files if "read_test" in f.read_text()}
    assert {name for name in callers if not name.startswith("workers/data/")} == {
        "workers/retraining.py"
    }


def test_the_key_depends_on_the_content_behind_a_path(tmp_path: Path) -> None:
    d, path = digest(graph_of("BN-ReLU")), tmp_path / "text.txt"
    config = replace(TINY, data=TextConfig(path=str(path)))
    keys = []
    for text in ("one", "two", "one"):
        path.write_text(text)
        evaluation.look_again()  # a command looks once, as it loads data once
        keys.append(evaluation_key(d, config, 0, True))
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_scores_on_a_gpu_repeat_bit_for_bit() -> None:
    config = replace(TINY, device="cuda")
    results = [evaluate(json_of("GN-ReLU"), config, stop_at_rejection=False) for _ in range(2)]
    assert results[0].scores == results[1].scores
    assert list(results[0].scores) == ["resnet", "vit", "mobilenet"]
    keys = {evaluation_key("d", c, 0, True) for c in (config, TINY)}
    assert len(keys) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA GPU")
def test_a_missing_gpu_is_named_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match=r"evaluation\.device: 'cuda', but torch finds no GPU"):
        prepare(replace(TINY, device="cuda"))


def test_a_layer_that_an_anchor_cannot_hold_is_refused_by_name() -> None:
    gpt = AnchorConfig("gpt", NETWORKS["gpt"], data=TextConfig(context=16, validation=32))
    config = replace(off(TINY), anchors=(gpt,), training=TrainingConfig(steps=3, batch=4))
    with pytest.raises(UnfitLayerError, match=r"the layer is not causal \(no moment over space"):
        evaluate(json_of("GN-ReLU"), config)
    result = evaluate(json_of("DyT"), config)
    assert list(result.scores) == ["gpt"]


def test_bad_json_is_the_graph_s_error() -> None:
    with pytest.raises(GraphError, match="JSON"):
        evaluate("{", TINY)


def test_the_key_depends_on_everything_that_can_change_the_number() -> None:
    d = digest(graph_of("BN-ReLU"))
    key = evaluation_key(d, TINY, 0, True)
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert key == evaluation_key(d, replace(TINY), 0, True)
    others = [
        evaluation_key(digest(graph_of("GN-ReLU")), TINY, 0, True),
        evaluation_key(d, replace(TINY, groups=4), 0, True),
        evaluation_key(d, replace(TINY, anchors=TINY.anchors[:2]), 0, True),
        evaluation_key(d, replace(TINY, data=replace(TINY.data, dark=0.5)), 0, True),
        evaluation_key(d, TINY, 1, True),
        evaluation_key(d, TINY, 0, False),
    ]
    assert len({key, *others}) == 7
    assert asdict(TINY) == asdict(replace(TINY))
