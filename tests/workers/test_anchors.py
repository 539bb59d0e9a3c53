"""The anchors: shapes, where the layer stands, weights that no layer changes."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from search_spaces.canonical import canonical
from search_spaces.layer import layer_class
from search_spaces.requirements import unmet_by
from search_spaces.zoo import zoo_graph
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS
from workers.anchors import (
    ANCHORS,
    GPTConfig,
    MobileNetConfig,
    NetworkConfig,
    OwnConfig,
    ResNetConfig,
    ViTConfig,
    build_network,
    transformer,
)

SHAPE = (3, 8, 8)
TEXT = (16,)  # characters


def shape_of(name: str) -> tuple[int, ...]:
    return TEXT if ANCHORS[name].takes == "text" else SHAPE


def inputs_of(name: str, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if ANCHORS[name].takes == "text":
        return torch.randint(10, (count, *TEXT), generator=generator)
    return torch.randn(count, *SHAPE, generator=generator)


def network_of(name: str, config: NetworkConfig, layer: Any, seed: int = 0) -> nn.Module:
    return build_network(name, config, layer, shape_of(name), 10, (seed,)).module


class Recorder:
    """A factory of identity layers that remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, bool]] = []

    def __call__(self, num_features: int, apply_act: bool = True) -> nn.Module:
        self.calls.append((num_features, apply_act))
        return nn.Identity()


def own_weights(name: str, layer: Any, seed: int = 0) -> list[torch.Tensor]:
    return list(build_network(name, NETWORKS[name], layer, shape_of(name), 10, (seed,)).weights)


@pytest.mark.parametrize("name", ANCHORS)
def test_logits_and_gradients_of_every_weight(name: str) -> None:
    layer = partial(layer_class(graph_of("EvoNorm-S0")), groups=2)
    network = build_network(name, NETWORKS[name], layer, shape_of(name), 10, (0,))
    logits = network.module(inputs_of(name, 5))
    assert logits.shape == ((5, *TEXT, 10) if ANCHORS[name].takes == "text" else (5, 10))
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
        "efficientnet": [
            (4, True),
            *[(4, True), (4, False)],  # the first stage does not expand
            *[(16, True), (16, True), (8, False)],
            (8, True),
        ],
        "gpt": [(8, True), (16, True), (8, True)],
    }
    for name, calls in expected.items():
        recorder = Recorder()
        network_of(name, NETWORKS[name], recorder)
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


# What each block asks for, of width 8 and hidden width 16, and what follows the blocks.
WHERE = {
    ("norm-act", "pre"): [8, 16, 8],
    ("norm-act", "post"): [8, 16, 8],
    ("norm-act", "peri"): [8, 8, 16, 8, 8],
    ("norm", "pre"): [8, 8, 8],
    ("norm", "post"): [8, 8],
    ("norm", "peri"): [8, 8, 8, 8, 8],
}


@pytest.mark.parametrize(("mode", "placement"), WHERE)
@pytest.mark.parametrize("kind", [ViTConfig, GPTConfig])
def test_modes_and_placements_of_transformers(kind: Any, mode: str, placement: str) -> None:
    config = kind(width=8, depth=1, heads=2, mode=mode, placement=placement)
    name = "vit" if kind is ViTConfig else "gpt"
    recorder = Recorder()
    network = network_of(name, config, recorder)
    assert recorder.calls == [(width, True) for width in WHERE[mode, placement]]
    gelus = sum(isinstance(module, nn.GELU) for module in network.modules())
    assert gelus == (1 if mode == "norm" else 0)
    assert bool(network(inputs_of(name, 2)).isfinite().all())


@pytest.mark.parametrize("depth", [1, 4, 5, 8])
def test_mix_is_post_in_the_first_quarter_and_pre_above(depth: int) -> None:
    config = ViTConfig(width=8, depth=depth, heads=2, placement="mix")
    network = network_of("vit", config, Recorder())
    posts = [block.post for block in network.get_submodule("blocks").children()]
    quarter = math.ceil(depth / 4)
    assert posts == [True] * quarter + [False] * (depth - quarter)


def test_where_a_norm_stands_decides_what_is_normalized() -> None:
    """With a layer that multiplies by 0, only what bypasses it is left."""

    class Zero(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0 * x

    blocks = {
        placement: transformer.Block(
            lambda *_, **__: Zero(), 8, 2, 2, mode="norm", placement=placement
        )
        for placement in ("pre", "post", "peri")
    }
    x = torch.randn(2, 5, 8)
    assert torch.equal(blocks["post"](x), torch.zeros_like(x))  # the sum goes through the layer
    assert torch.equal(blocks["peri"](x), x)  # each branch does, before the sum
    silent = blocks["pre"]  # a branch sees zeros, so only its biases are left, which are 0
    for parameter in silent.parameters():
        if parameter.ndim < 2:
            nn.init.zeros_(parameter)
    assert torch.equal(silent(x), x)


def test_gpt_sees_no_later_character_and_layers_that_mix_positions_would() -> None:
    x = inputs_of("gpt", 3)
    later = x.clone()
    later[:, 9:] = (later[:, 9:] + 1) % 10
    for text, causal in (("LN-GELU", True), ("DyT", True), ("IN-ReLU", False)):
        layer = partial(layer_class(zoo_graph(text)), groups=2)
        network = network_of("gpt", GPTConfig(width=8, depth=2, heads=2), layer).eval()
        with torch.inference_mode():
            first, second = network(x)[:, :9], network(later)[:, :9]
        assert torch.equal(first, second) == causal, text
        assert (unmet_by(canonical(zoo_graph(text)), ANCHORS["gpt"].requires) is None) == causal


def test_stems_and_pools_reduce_as_asked() -> None:
    sizes: list[int] = []

    class Size(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            sizes.append(x.shape[-1])
            return x

    config = ResNetConfig(4, (4,), (1,), (1,), stem_kernel=7, stem_stride=2, pool=2)
    for c, expected in ((config, 8), (replace(config, pool=1), 16), (replace(config, pool=0), 16)):
        sizes.clear()
        network_of("resnet", c, lambda *_, **__: Size())(torch.randn(1, 3, 32, 32))
        assert set(sizes) == {expected}


def test_the_first_stage_of_mobilenet_may_expand_less() -> None:
    recorder = Recorder()
    config = MobileNetConfig(4, 2, (4, 8), (1, 1), (1, 1), 3, 8, first_expansion=1)
    network_of("mobilenet", config, recorder)
    assert [c for c, _ in recorder.calls] == [4, 4, 4, 12, 12, 8, 8]


def test_what_a_layer_draws_shifts_nothing_drawn_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of the user's own draw their weights from the global generator."""

    def factory(norm_act: Any) -> nn.Module:
        layers = [nn.Conv2d(3, 4, 3), norm_act(4), nn.Flatten(), nn.Linear(144, 10)]
        return nn.Sequential(*layers)

    def drawing(num_features: int, apply_act: bool = True) -> nn.Module:
        return nn.Linear(6, 6)

    monkeypatch.setattr("tests.workers.own_networks.patched", factory, raising=False)
    first, second = (
        network_of_own("tests.workers.own_networks:patched", layer)
        for layer in (Recorder(), drawing)
    )
    assert torch.equal(first.get_parameter("3.weight"), second.get_parameter("3.weight"))
    drawn = build_own_twice(drawing)
    assert torch.equal(*drawn)


def network_of_own(name: str, layer: Any) -> nn.Module:
    return build_network(name, OwnConfig(), layer, SHAPE, 10, (0,)).module


def build_own_twice(layer: Any) -> list[torch.Tensor]:
    networks = [network_of_own("tests.workers.own_networks:patched", layer) for _ in range(2)]
    return [network.get_parameter("1.weight") for network in networks]
