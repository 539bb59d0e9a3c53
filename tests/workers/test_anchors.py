"""The anchors: shapes, where the layer stands, weights that no layer changes."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from search_spaces.layer import layer_class
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS
from workers.anchors import ANCHORS, ResNetConfig, ViTConfig, build_network

SHAPE = (3, 8, 8)


class Recorder:
    """A factory of identity layers that remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, bool]] = []

    def __call__(self, num_features: int, apply_act: bool = True) -> nn.Module:
        self.calls.append((num_features, apply_act))
        return nn.Identity()


def own_weights(name: str, layer: Any, seed: int = 0) -> list[torch.Tensor]:
    return list(build_network(name, NETWORKS[name], layer, SHAPE, 10, (seed,)).weights)


@pytest.mark.parametrize("name", ANCHORS)
def test_logits_and_gradients_of_every_weight(name: str) -> None:
    layer = partial(layer_class(graph_of("EvoNorm-S0")), groups=2)
    network = build_network(name, NETWORKS[name], layer, SHAPE, 10, (0,))
    logits = network.module(torch.randn(5, *SHAPE))
    assert logits.shape == (5, 10)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.weights)


@pytest.mark.parametrize("name", ANCHORS)
def test_weights_depend_on_the_seed_and_not_on_the_layer(name: str) -> None:
    first = own_weights(name, layer_class(graph_of("BN-ReLU")))
    second = own_weights(name, layer_class(graph_of("tanh(x)")))
    assert len(first) == len(second)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    other = own_weights(name, layer_class(graph_of("BN-ReLU")), seed=1)
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ANCHORS)
def test_a_layer_that_draws_numbers_changes_neither_weights_nor_the_global_state(name: str) -> None:
    def drawing(num_features: int, apply_act: bool = True) -> nn.Module:
        return nn.PReLU(num_features, init=float(torch.rand(())))

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights = own_weights(name, drawing)
    assert torch.equal(torch.rand(3), expected)
    plain = own_weights(name, layer_class(graph_of("tanh(x)")))
    assert all(torch.equal(a, b) for a, b in zip(weights, plain, strict=True))


def test_he_initialisation() -> None:
    config = ResNetConfig(stem=64, widths=(64,), depths=(1,), strides=(1,))
    module = build_network("resnet", config, Recorder(), SHAPE, 10, (0,)).module
    kernel = module.get_parameter("blocks.0.convs.0.weight")
    assert kernel.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert module.get_parameter("head.weight").std().item() == pytest.approx(1 / 8, rel=0.1)
    assert module.get_parameter("head.bias").abs().sum() == 0


def test_where_the_layer_stands() -> None:
    expected = {
        "resnet": [(4, True), (4, True), (4, True), (8, True), (8, True)],
        "vit": [(4, True), (8, True), (16, True), (8, True)],
        "mobilenet": [
            (4, True),
            *[(12, True), (12, True), (4, False)],  # the linear bottleneck
            *[(12, True), (12, True), (8, False)],
            (8, True),
        ],
    }
    for name, calls in expected.items():
        recorder = Recorder()
        build_network(name, NETWORKS[name], recorder, SHAPE, 10, (0,))
        assert recorder.calls == calls, name


def test_bottleneck_blocks_are_four_times_wider_outside() -> None:
    config = ResNetConfig(stem=4, widths=(4,), depths=(2,), strides=(1,), bottleneck=True)
    recorder = Recorder()
    module = build_network("resnet", config, recorder, SHAPE, 10, (0,)).module
    assert [c for c, _ in recorder.calls] == [4, 4, 4, 16, 4, 4, 16]
    assert module(torch.randn(2, *SHAPE)).shape == (2, 10)


def test_vit_refuses_a_patch_that_does_not_divide_the_image() -> None:
    with pytest.raises(ValueError, match=r"patch 3 must divide the image's 8 x 8"):
        build_network("vit", ViTConfig(patch=3, width=8, heads=2), Recorder(), SHAPE, 10, (0,))
