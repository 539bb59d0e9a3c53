"""The presets: each is sound, and `paper` holds the paper's values and runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from torch import nn

from evonas.config import PRESETS, load_config
from search_spaces.zoo import zoo_graph
from tests.support.timm_layers import timm
from tests.workers import cifar_archives
from workers.anchors import build_network
from workers.augmentation import AugmentationConfig
from workers.data import CifarConfig, load_data
from workers.evaluation import evaluate


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_loads_and_round_trips(preset: str) -> None:
    config = load_config(preset)
    assert len(config.evaluation.anchors) == 3
    assert {"BN-ReLU", "GN-ReLU", "EvoNorm-S0"} <= set(config.baselines)


def test_paper_holds_the_paper_s_values_row_for_row() -> None:
    config = load_config("paper")
    evolution, evaluation = config.evolution, config.evaluation
    training, data = evaluation.training, evaluation.data
    # evolution: regularized; tournament among 5 % of the population; window of 2,500
    assert (evolution.window, evolution.tournament_share) == (2500, 0.05)
    # winner: a random member of the tournament's Pareto front
    assert evolution.winner == "pareto"
    # mutation, offspring: mutated twice; with probability 0.5 a fresh random graph
    assert (evolution.mutations, evolution.fresh_probability) == (2, 0.5)
    # quality: below 20 % after 100 steps on any of the three anchors
    assert (evaluation.quality.step, evaluation.quality.threshold) == (100, 0.2)
    assert all(evaluation.quality_step(anchor) == 100 for anchor in evaluation.anchors)
    # stability: up to 100 steps of ascent, rejected above 1e8
    assert (evaluation.stability.steps, evaluation.stability.threshold) == (100, 1e8)
    # anchors
    names = {anchor.name for anchor in evaluation.anchors}
    assert names == {"resnet", "mobilenet", "efficientnet"}
    # training: CIFAR-10, 24 x 24 crops, batch 128, SGD with Nesterov momentum, rate, decay
    assert isinstance(data, CifarConfig)
    assert (data.kind, training.augmentation) == ("cifar10", AugmentationConfig(0, 24, True))
    assert (training.batch, training.optimizer, training.momentum) == (128, "sgd", 0.9)
    assert (training.learning_rate, training.weight_decay) == (0.1, 1e-4)
    assert (training.steps, training.schedule, training.warmup) == (2000, "constant", 0)
    assert all(evaluation.training_of(anchor) == training for anchor in evaluation.anchors)
    assert evaluation.groups == 32
    assert config.space.name == "evonorm-b"


def test_paper_s_networks_are_the_published_ones_at_their_widths() -> None:
    """timm rounds the widths as the authors do; strides do not change the number of parameters."""

    def layer(num_features: int, apply_act: bool = True) -> nn.Module:
        return nn.BatchNorm2d(num_features)

    counts = {}
    for anchor in load_config("paper").evaluation.anchors:
        network = build_network(anchor.name, anchor.network, layer, (3, 32, 32), 10, (0,)).module
        counts[anchor.name] = sum(p.numel() for p in network.parameters())
    create = timm().create_model
    resnet = timm().models.resnetv2.ResNetV2(
        [3, 4, 6, 3],
        channels=(64, 128, 256, 512),
        num_classes=10,
        stem_chs=16,
        norm_layer=timm().layers.BatchNormAct2d,
    )
    mobilenet = create("mobilenetv2_050", num_classes=10)
    efficientnet = timm().models.efficientnet._gen_efficientnet(
        "efficientnet_b0", channel_multiplier=0.5, depth_multiplier=1.0, num_classes=10
    )
    assert counts["resnet"] == sum(p.numel() for p in resnet.parameters())
    assert counts["mobilenet"] == sum(p.numel() for p in mobilenet.parameters())
    assert counts["efficientnet"] == sum(p.numel() for p in efficientnet.parameters())


def test_paper_runs_on_an_archive_in_the_official_format(tmp_path: Path) -> None:
    path = cifar_archives.write(tmp_path / "cifar.tar.gz", cifar_archives.cifar10_python(8))
    config = load_config(
        "paper",
        overrides=[
            f"evaluation.data.path='{path}'",
            f"evaluation.data.md5='{hashlib.md5(path.read_bytes()).hexdigest()}'",
            "evaluation.data.validation=10",
            "evaluation.training.steps=2",
            "evaluation.training.batch=4",
            "evaluation.quality.step=1",
            "evaluation.quality.threshold=0.0",
            "evaluation.stability.steps=1",
            "evaluation.stability.first_steps=1",
            "evaluation.stability.batch=2",
        ],
    ).evaluation
    result = evaluate(zoo_graph("EvoNorm-B0").to_json(), config)
    assert list(result.scores) == ["resnet", "mobilenet", "efficientnet"], result.reason
    assert (len(load_data(config.data).train), load_data(config.data).classes) == (30, 10)
