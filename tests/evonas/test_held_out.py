"""Settings of a rerank: what the run trained on is held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evonas.config import RunConfig, load_config
from evonas.config_errors import ConfigError
from evonas.held_out import LONGER, held_out, rerank_config
from tests.evonas.rerank_runs import SETTINGS
from workers.anchors.larger import is_larger
from workers.data import DigitsConfig
from workers.settings import EvaluationConfig


@pytest.fixture(scope="module")
def run() -> RunConfig:
    return load_config("quick", overrides=SETTINGS)


def inputs(config: EvaluationConfig, name: str) -> int:
    (anchor,) = [anchor for anchor in config.anchors if anchor.name == name]
    training = config.training_of(anchor)
    return training.steps * training.batch


def test_the_run_s_own_settings_become_longer_larger_and_of_another_batch(run: RunConfig) -> None:
    held = held_out(run.evaluation, run.evaluation)
    for before, after in zip(run.evaluation.anchors, held.evaluation.anchors, strict=True):
        old = run.evaluation.training_of(before)
        new = held.evaluation.training_of(after)
        assert is_larger(after.network, before.network)
        assert (new.batch, new.learning_rate) == (old.batch // 2, old.learning_rate / 2)
        assert inputs(held.evaluation, after.name) >= LONGER * inputs(run.evaluation, before.name)
        assert "blocks" in held.differences[after.name]
    assert held.evaluation.data == run.evaluation.data


def test_each_anchor_sees_twice_the_inputs_though_it_is_no_whole_multiple(run: RunConfig) -> None:
    longer = rerank_config(run, "quick", None, [*SETTINGS, "evaluation.training.steps=5"])
    held = held_out(run.evaluation, longer.evaluation)
    for before, after in zip(run.evaluation.anchors, held.evaluation.anchors, strict=True):
        seen = inputs(run.evaluation, before.name)
        assert inputs(held.evaluation, after.name) == 60, "3 times 5 steps of 4"
        assert LONGER * seen == 48
        assert "2.5 times the inputs" in held.differences[after.name]


def test_settings_that_are_far_enough_stay(run: RunConfig) -> None:
    far = load_config("quick", overrides=["evaluation.training.batch=32"]).evaluation
    held = held_out(run.evaluation, far)
    for before, after in zip(far.anchors, held.evaluation.anchors, strict=True):
        assert after.network == before.network
        assert held.evaluation.training_of(after) == far.training_of(before)


def test_an_anchor_that_the_run_did_not_use_stays(run: RunConfig) -> None:
    config = rerank_config(run, "quick", None, SETTINGS[:3], ["efficientnet", "vit"])
    held = held_out(run.evaluation, config.evaluation)
    assert [anchor.name for anchor in held.evaluation.anchors] == ["efficientnet", "vit"]
    assert held.evaluation.anchors[0].network == config.evaluation.anchors[0].network
    assert held.differences["efficientnet"].startswith("not in the run")
    assert inputs(held.evaluation, "efficientnet") >= LONGER * inputs(run.evaluation, "resnet")


def test_data_and_device_are_those_of_the_run_if_the_preset_has_others(
    run: RunConfig, tmp_path: Path
) -> None:
    file = tmp_path / "rerank.toml"
    own = load_config("quick", overrides=["evaluation.data={kind='npz', path='own.npz'}"])
    assert rerank_config(own, "quick").evaluation.data == own.evaluation.data
    file.write_text("[evaluation.data]\nsize = 16\n")
    data = rerank_config(run, "quick", file).evaluation.data
    assert isinstance(data, DigitsConfig)
    assert data.size == 16
    assert rerank_config(run, "quick").evaluation.device == "cpu"


def test_test_data_that_the_search_may_have_seen_are_refused(run: RunConfig) -> None:
    dealt_otherwise = replace(run.evaluation, data=replace(run.evaluation.data, seed=1))
    with pytest.raises(
        ConfigError, match=r"dealt the data of kind 'digits' with seed=0, so it may"
    ):
        held_out(run.evaluation, dealt_otherwise)


@pytest.mark.parametrize("setting", ["steps", "batch"])
def test_a_training_of_nothing_is_refused(run: RunConfig, setting: str) -> None:
    with pytest.raises(ConfigError, match=rf"training\.{setting}"):
        rerank_config(run, "quick", None, [*SETTINGS, f"evaluation.training.{setting}=0"])


def test_a_wrong_setting_is_named(run: RunConfig) -> None:
    with pytest.raises(ConfigError, match="unknown anchor 'resnett'"):
        rerank_config(run, "quick", None, (), ["resnett"])
    with pytest.raises(ConfigError, match="unknown preset 'smal'"):
        rerank_config(run, "smal")
    with pytest.raises(ConfigError, match=r"no entry 'gpt'"):
        rerank_config(run, "quick", None, ["evaluation.anchors.gpt.steps=3"])
