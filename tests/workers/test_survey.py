"""What a worker tells of its machine and of groups."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from search_spaces.dotted import DottedNameError
from search_spaces.layer import layer_class
from tests.workers.layers import graph_of
from tests.workers.tiny import TINY
from workers.anchors import ViTConfig, build_network
from workers.anchors.errors import AnchorError
from workers.data import ArraysConfig, DataError, OwnDataConfig, load_data
from workers.evaluation import hardware_class
from workers.quality import QualityConfig
from workers.survey import group_remarks, quality_remarks, remarks, survey, training_remarks


def test_it_tells_the_channels_of_every_layer_that_acts() -> None:
    found = survey(TINY)
    assert found.hardware == hardware_class("cpu")
    layer, data = layer_class(graph_of("tanh")), load_data(TINY.data)
    for anchor in TINY.anchors:
        network = build_network(
            anchor.name, anchor.network, layer, data.shape, data.classes, (0, 1)
        ).module
        acting = [m for m in network.modules() if type(m) is layer and m.apply_act]
        assert found.channels[anchor.name] == tuple(sorted({m.num_features for m in acting}))


def test_a_network_that_cannot_be_built_is_told() -> None:
    vit = next(a for a in TINY.anchors if a.name == "vit")
    assert isinstance(vit.network, ViTConfig)
    broken = replace(vit, network=replace(vit.network, heads=7))
    found = survey(replace(TINY, anchors=(broken, vit)))
    assert isinstance(found.problem, AnchorError)
    told = str(found.problem)
    assert re.search(r"heads 7 the width \d+; change evaluation.anchors.network", told)
    assert survey(TINY).problem is None


def test_data_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(b"no zip")
    found = survey(replace(TINY, data=ArraysConfig(str(path))))
    assert isinstance(found.problem, DataError)
    assert "cannot read" in str(found.problem)
    assert str(pickle.loads(pickle.dumps(found)).problem) == str(found.problem)
    missing = survey(replace(TINY, data=OwnDataConfig("no_such_module:load"))).problem
    assert isinstance(missing, DottedNameError)


def test_a_quality_that_no_layer_reaches_is_told() -> None:
    """Of two classes alike, twice what guessing gives is every image right."""
    found = survey(TINY)
    assert found.guesses == {a.name: load_data(TINY.data).guess for a in TINY.anchors}
    relative = replace(TINY, quality=QualityConfig(step=3))
    assert quality_remarks(relative, found.guesses) == []
    guesses = {"resnet": 0.5, "vit": 0.6, "mobilenet": 0.49}
    of_resnet, of_vit = quality_remarks(relative, guesses)
    assert "an accuracy of 1.00 of resnet, where always guessing" in of_resnet
    assert "an accuracy of 1.20 of vit, where always guessing" in of_vit
    assert quality_remarks(replace(TINY, quality=QualityConfig(step=0)), guesses) == []
    assert quality_remarks(TINY, guesses) == []  # an absolute threshold


def test_a_training_that_is_hardly_meant_is_told() -> None:
    found = survey(TINY)
    count = len(load_data(TINY.data).train.inputs)
    assert found.examples == {anchor.name: count for anchor in TINY.anchors}
    training = replace(TINY.training, steps=10, warmup=10, batch=count)
    meant = replace(TINY, training=training)
    assert list(training_remarks(meant, found.examples)) == []
    never = replace(meant, training=replace(training, warmup=11))
    told = list(remarks(never, found))
    assert len(told) == len(TINY.anchors)
    assert told[0].startswith("the warm-up of resnet takes 11 steps, its training 10, so that")
    many = replace(meant, training=replace(training, batch=count + 1))
    assert f"a batch of {count + 1:,} for resnet is more than" in next(remarks(many, found))


def test_groups_of_one_channel_are_told_for_all_layers_at_once() -> None:
    layer, data = partial(layer_class(graph_of("x / std[sg](x)")), groups=96), load_data(TINY.data)
    for anchor in TINY.anchors:  # a warning would be an error
        build_network(anchor.name, anchor.network, layer, data.shape, data.classes, (0, 1))
    told = remarks(replace(TINY, groups=96), survey(TINY))
    assert any("leaves one channel a group" in remark for remark in told)


def test_groups_that_fit_need_no_remark() -> None:
    assert group_remarks(4, {"resnet": (8, 16), "vit": (48,)}) == []
    assert group_remarks(1, {"resnet": (3, 8)}) == []


@pytest.mark.parametrize(
    ("groups", "channels", "said"),
    [
        (3, 16, "does not divide all channels.*: 2 of 16 in resnet"),
        (8, 8, "leaves one channel a group.*: 8 in resnet; lower it"),
        (32, 8, "leaves one channel a group.*: 8 in resnet; lower it"),
    ],
)
def test_groups_that_do_not(groups: int, channels: int, said: str) -> None:
    (remark,) = group_remarks(groups, {"resnet": (channels, 96)})
    assert re.search(said, remark)


def test_groups_are_those_that_layers_take() -> None:
    (remark,) = group_remarks(3, {"resnet": (16,)})
    layer = layer_class(graph_of("GN-ReLU"))(16, groups=3)
    assert f"{layer.groups} of 16" in remark
