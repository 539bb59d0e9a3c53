"""The stability protocol: the ascent itself, and whom it rejects."""

import math

import pytest
import torch
from torch import nn

from evonas.config import load_config
from search_spaces.layer import layer_class
from tests.workers.layers import FAST_STARTERS, NORMALIZED, graph_of
from workers.anchors import build_network
from workers.data import load_data
from workers.stability import Ascent, StabilityConfig

QUICK = load_config("quick").evaluation


def gradient_norm(linear: nn.Linear, x: torch.Tensor, y: torch.Tensor) -> float:
    loss = nn.functional.cross_entropy(linear(x), y)
    return float(torch.autograd.grad(loss, linear.weight)[0].norm())


def test_one_step_follows_the_gradient_of_the_norm() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(3, 4, bias=False).double()
    x, y = torch.randn(6, 3, dtype=torch.float64), torch.arange(6) % 4
    before, shift = linear.weight.detach().clone(), 1e-6
    slopes = torch.zeros_like(before)
    for index in range(before.numel()):
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                linear.weight.copy_(before)
                linear.weight.view(-1)[index] += sign * shift
            ends.append(gradient_norm(linear, x, y))
        slopes.view(-1)[index] = (ends[0] - ends[1]) / (2 * shift)
    with torch.no_grad():
        linear.weight.copy_(before)
    ascent = Ascent(linear, [linear.weight], x, y, StabilityConfig(rate=0.5))
    assert ascent.advance(1) is None
    assert ascent.norm == pytest.approx(gradient_norm_at(linear, before, x, y))
    assert torch.allclose(linear.weight, before + 0.5 * slopes, atol=1e-7)


def gradient_norm_at(
    linear: nn.Linear, weight: torch.Tensor, x: torch.Tensor, y: torch.Tensor
) -> float:
    other = nn.Linear(3, 4, bias=False).double()
    with torch.no_grad():
        other.weight.copy_(weight)
    return gradient_norm(other, x, y)


def test_the_threshold_rejects_with_step_and_norm() -> None:
    linear = nn.Linear(3, 4, bias=False)
    config = StabilityConfig(threshold=0.0)
    ascent = Ascent(linear, [linear.weight], torch.ones(2, 3), torch.tensor([0, 1]), config)
    explosion = ascent.advance(5)
    assert explosion is not None
    assert explosion.step == 0
    assert explosion.norm > 0
    assert ascent.exploded is explosion


def test_a_dead_network_stays_bounded() -> None:
    class Dead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0 * x + self.weight.sum() * 0

    dead = Dead()
    ascent = Ascent(dead, [dead.weight], torch.ones(2, 3), torch.tensor([0, 1]), StabilityConfig())
    assert ascent.advance(3) is None
    assert ascent.step == 3


def quick_ascent(name: str) -> Ascent:
    data, anchor = load_data(QUICK.data), QUICK.anchors[0]
    layer = layer_class(graph_of(name))

    def norm_act(num_features: int, apply_act: bool = True) -> nn.Module:
        return layer(num_features, apply_act=apply_act, groups=QUICK.groups)

    network = build_network(anchor.name, anchor.network, norm_act, data.shape, data.classes, (0,))
    count = QUICK.stability.batch
    images, labels = data.train.inputs[:count], data.train.labels[:count]
    return Ascent(network.module, network.weights, images, labels, QUICK.stability)


@pytest.mark.parametrize("name", FAST_STARTERS)
def test_quick_rejects_un_normalized_fast_starters_in_the_first_steps(name: str) -> None:
    explosion = quick_ascent(name).advance(QUICK.stability.first_steps)
    assert explosion is not None
    assert not explosion.norm <= QUICK.stability.threshold or math.isnan(explosion.norm)


@pytest.mark.parametrize("name", NORMALIZED)
def test_quick_keeps_normalized_layers(name: str) -> None:
    ascent = quick_ascent(name)
    assert ascent.advance(QUICK.stability.first_steps) is None
    assert ascent.norm < 1e4
