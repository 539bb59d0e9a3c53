"""Configuration: precedence, strictness, and what an error tells."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.config import ConfigError, config_differences, config_from_dict, load_config
from workers.data import TextConfig


def test_set_wins_over_file_wins_over_preset(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("seed = 5\nbudget = 7\n[evolution]\nlag = 3\n")
    config = load_config("quick", file, ["budget=9", "space=evonorm-s"])
    assert (config.seed, config.budget, config.evolution.lag, config.space) == (
        5,
        9,
        3,
        "evonorm-s",
    )
    assert config.evolution.mutations == 2


def test_a_file_with_another_kind_of_data_replaces_the_preset_s(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[evaluation.data]\nkind = 'text'\ncontext = 32\n")
    assert load_config("quick", file).evaluation.data == TextConfig(context=32)
    file.write_text("[evaluation.data]\nkind = 'digits'\nsize = 8\n")
    assert load_config("quick", file).evaluation.data == replace(
        load_config("quick").evaluation.data, size=8
    )


def test_an_anchor_is_set_by_its_name() -> None:
    config = load_config("quick", None, ["evaluation.anchors.vit.steps=7"])
    steps = {anchor.name: anchor.steps for anchor in config.evaluation.anchors}
    assert steps["vit"] == 7
    assert steps["resnet"] != 7


def test_a_stored_config_reads_back_as_itself() -> None:
    config = load_config("quick")
    stored = json.loads(json.dumps(config.to_dict()))
    assert config_from_dict(stored) == config
    assert stored == config.to_dict()


def test_differences_name_the_keys() -> None:
    one = load_config("quick").to_dict()
    two = load_config(
        "quick", None, ["evolution.lag=3", "evaluation.anchors.vit.steps=7"]
    ).to_dict()
    found = config_differences(one, two)
    assert any(line.startswith("evaluation.anchors.vit.steps: ") for line in found)
    assert "evolution.lag: 16 -> 3" in found
    assert len(found) == 2
    assert config_differences(one, one) == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("evolution.lagg=3", r"unknown key 'evolution\.lagg', did you mean 'lag'\?"),
        ("budgte=3", r"unknown key 'budgte', did you mean 'budget'\?"),
        ("evolution.lag=40", "above half the window"),
        ("evolution.lag=0", "greater than or equal to 1"),
        ("space=evonorm", r"unknown space 'evonorm', did you mean 'evonorm-[bs]'\?"),
        ("baselines=['BN-RELU6']", r"unknown zoo layer 'BN-RELU6', did you mean 'BN-ReLU'\?"),
        ("evaluation.trainig.steps=3", r"unknown setting trainig.*training"),
        ("screening.stack.dept=3", r"unknown setting screening\.stack\.dept.*depth"),
        ("evaluation.anchors.vti.steps=3", r"no entry 'vti', did you mean 'vit'\?"),
        ("budget", r"key\.path=value"),
    ],
)
def test_a_wrong_key_or_value_is_explained(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config("quick", None, [override])


def test_unknown_preset_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown preset 'quik', did you mean 'quick'\?"):
        load_config("quik")
    with pytest.raises(ConfigError, match=r"cannot read the run file .*: No such file"):
        load_config("quick", tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("seed = = 3")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config("quick", broken)
