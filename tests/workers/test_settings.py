"""Settings: they round-trip, and mistakes are named."""

import json
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from evonas.config import load_config
from tests.workers.tiny import TINY
from workers.anchors import OwnConfig
from workers.data import (
    ArraysConfig,
    CifarConfig,
    DataConfig,
    FolderConfig,
    OwnDataConfig,
    TextConfig,
)
from workers.quality import QualityConfig, quality_threshold
from workers.ranges import BELOW, LEAST
from workers.settings import AnchorConfig, EvaluationConfig, SettingsError, from_dict


@pytest.mark.parametrize("config", [TINY, load_config("quick").evaluation])
def test_round_trip_through_json(config: EvaluationConfig) -> None:
    assert from_dict(asdict(config)) == config
    assert from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_left_out_settings_take_their_defaults_and_whole_numbers_are_numbers() -> None:
    config = from_dict(
        {"anchors": [{"name": "vit", "network": {"heads": 2}}], "quality": {"factor": 3}}
    )
    assert config.anchors[0].network.__class__.__name__ == "ViTConfig"
    assert config.quality == QualityConfig(factor=3.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qualty": {}}, r"unknown setting qualty; allowed: .* \(did you mean 'quality'\?\)"),
        (
            {"quality": {"stepp": 3}},
            r"unknown setting quality\.stepp; allowed: .*did you mean 'step'",
        ),
        ({"quality": {"step": "three"}}, r"quality\.step: 'three'; .*int"),
        ({"quality": {"step": True}}, r"quality\.step: True; .*int"),
        ({"quality": 3}, r"quality.*: 3; give a table of settings"),
        (
            {"training": {"schedule": "cosin"}},
            r"training\.schedule: 'cosin'; allowed: .*did you mean 'cosine'",
        ),
        (
            {"data": {"kind": "cifar"}},
            r"data\.kind: 'cifar'; allowed: .*did you mean 'cifar10'",
        ),
        ({"data": {"kind": "cifar10", "size": 8}}, r"unknown setting data\.size; allowed: kind"),
        ({"data": {"kind": "npz"}}, r"data: needs path too"),
        ({"data": {"kind": "digits", "path": "x"}}, r"unknown setting data\.path"),
        ({"data": 3}, r"data: 3; give a table of settings"),
        ({"data": {"scale": [1.0]}}, r"data\.scale: \[1\.0\]; give a value of type tuple"),
        ({"anchors": []}, r"anchors: empty; list at least one of resnet, mobilenet, efficientnet"),
        (
            {"anchors": [{"name": "resnett"}]},
            r"unknown anchor 'resnett'; allowed: .*my_package.*did you mean 'resnet'",
        ),
        ({"anchors": [{"name": "gpt", "network": {}}]}, r"anchors\.gpt takes text, .*'digits', im"),
        (
            {"anchors": [{"name": "vit", "network": {}, "data": {"kind": "text"}}]},
            r"anchors\.vit takes images, and its data are 'text'",
        ),
        (
            {"training": {"augmentation": {"crop": 6}}},
            r"anchors\.vit takes images of one size, and training crops them; set augmentation",
        ),
        ({"training": {"batch": 0}}, r"training\.batch: 0; give 1 or more"),
        ({"training": {"steps": 0}}, r"training\.steps: 0; give 1 or more"),
        ({"training": {"warmup": -1}}, r"training\.warmup: -1; give 0 or more"),
        ({"training": {"validation_batch": -1}}, r"training\.validation_batch: -1; give 1 or"),
        ({"training": {"momentum": 1.0}}, r"training\.momentum: 1\.0; give 0 or more and below 1"),
        ({"training": {"learning_rate": float("nan")}}, r"rate: nan; give a finite number"),
        ({"training": {"clip": 10**400}}, r"training\.clip: 10+; give a finite number"),
        ({"training": {"augmentation": {"padding": -1}}}, r"augmentation\.padding: -1; give 0 or"),
        ({"stability": {"batch": 0}}, r"stability\.batch: 0; give 1 or more"),
        ({"groups": 0}, r"groups: 0; give 1 or more"),
        ({"data": {"validation": 0}}, r"data\.validation: 0; give 1 or more"),
        ({"data": {"seed": -1}}, r"data\.seed: -1; give 0 or more"),
        ({"data": {"kind": "folder", "path": "p", "test": 1.0}}, r"data\.test: 1\.0; give 0 or m"),
        (
            {"anchors": [{"name": "vit", "network": {}, "batch": 0}]},
            r"anchors\[0\]\.batch: 0; give 1 or more",
        ),
        (
            {"anchors": [{"name": "resnet", "network": {"widths": [8, 0]}}]},
            r"anchors\[0\]\.network\.widths: \(8, 0\); give 1 or more",
        ),
        (
            {"anchors": [{"name": "resnet", "network": {"widths": [8]}}]},
            r"network: widths has 1, depths has 2, strides has 2; give each one entry a stage",
        ),
        ({"device": "gpu"}, r"device: 'gpu'; allowed: cpu, cuda"),
        ({"anchors": [{"name": "vit"}]}, r"anchors\[0\]: needs network too"),
        (
            {"anchors": [{"name": "vit", "network": {"widths": [8]}}]},
            r"unknown setting anchors\[0\]\.network\.widths; allowed: .*did you mean 'width'",
        ),
        (
            {"anchors": [{"name": "vit", "network": {}}, {"name": "vit", "network": {}}]},
            r"anchors: vit, vit; list each anchor once",
        ),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_dict({**asdict(TINY), **change})


@pytest.mark.parametrize(
    "data",
    [
        CifarConfig(),
        CifarConfig("cifar100", path="a.tar.gz", labels="coarse"),
        ArraysConfig("a.npz"),
        FolderConfig("images", size=64),
        TextConfig(),
        OwnDataConfig("my_package.my_module:load"),
    ],
)
def test_every_source_round_trips_through_json(data: DataConfig) -> None:
    takes_anything = AnchorConfig("my_package.nets:make", OwnConfig())
    config = replace(TINY, data=data, anchors=(takes_anything,))
    assert from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_an_anchor_of_one_s_own_needs_no_network_settings() -> None:
    config = from_dict({"anchors": [{"name": "my_package.nets:make"}]})
    assert config.anchors[0].network == OwnConfig()
    assert from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_an_anchor_may_have_data_and_training_of_its_own() -> None:
    gpt = {
        "name": "gpt",
        "network": {"width": 16, "heads": 2},
        "data": {"kind": "text", "context": 16},
        "optimizer": "adamw",
        "clip": 1,
    }
    document = asdict(TINY)
    config = from_dict({**document, "anchors": [*document["anchors"], gpt]})
    anchor = config.anchors[-1]
    assert config.data_of(anchor) == TextConfig(context=16)
    assert config.data_of(config.anchors[0]) == TINY.data
    assert config.training_of(anchor) == replace(TINY.training, optimizer="adamw", clip=1.0)
    assert (TINY.requirements, config.requirements) == ((), ("causal",))
    assert from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_without_a_kind_the_data_are_the_digits() -> None:
    document = asdict(TINY)
    del document["data"]["kind"]
    assert from_dict(document) == TINY


def test_an_anchor_s_own_settings_replace_the_shared_ones() -> None:
    anchor = AnchorConfig("resnet", TINY.anchors[0].network, learning_rate=0.7, quality_step=5)
    config = replace(TINY, anchors=(anchor,))
    assert config.training_of(anchor) == replace(TINY.training, learning_rate=0.7)
    assert config.quality_step(anchor) == 5
    assert TINY.quality_step(TINY.anchors[0]) == 3


def test_quality_threshold() -> None:
    assert quality_threshold(QualityConfig(), 0.11) == pytest.approx(0.22)
    assert quality_threshold(QualityConfig(threshold=0.2), 0.11) == 0.2


def test_ranges_are_of_settings_that_there_are() -> None:
    for table in (LEAST, BELOW):
        for kind, settings in table.items():
            assert settings.keys() <= {field.name for field in fields(kind)}
    for kind, settings in BELOW.items():
        assert settings.keys() <= LEAST[kind].keys()
