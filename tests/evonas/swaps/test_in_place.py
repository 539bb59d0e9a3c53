"""Blocks that write over what a norm returned, as most residual networks do."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import evonas
from tests.support.timm_layers import timm

pytestmark = pytest.mark.usefixtures("one_thread")

IMAGES = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))


def _add(y: Tensor, x: Tensor) -> Tensor:
    y += x
    return y


def _view(y: Tensor, x: Tensor) -> Tensor:
    y = y.flatten(1)
    y.add_(x.flatten(1))
    return y


def _setting(y: Tensor, x: Tensor) -> Tensor:
    return functional.dropout(y, 0.5, training=False, inplace=True) + x


class Block(nn.Module):
    """A norm, alone or with its activation, and something that reads it."""

    def __init__(self, read: Callable[[Tensor, Tensor], Tensor], *, active: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True) if active else nn.Identity()
        self.read = read

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.act(self.norm(self.conv(x))), x)


# BN-ReLU is of torch's kernels, LN-GELU plain, and both others have moments over groups.
@pytest.mark.parametrize("layer", ["EvoNorm-S0", "BN-ReLU", "LN-GELU", "GN-SiLU"])
@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("read", [_add, _view, _setting])
def test_a_layer_may_be_written_over_in_training(
    layer: str, active: bool, read: Callable[[Tensor, Tensor], Tensor]
) -> None:
    torch.manual_seed(0)
    model = Block(read, active=active)
    evonas.swap(model, layer, lone="layer", groups=2)
    plain = copy.deepcopy(model)
    plain.norm.plain = True
    for network in (model, plain):
        network(IMAGES).square().sum().backward()
    for own, other in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad)


def test_a_residual_network_of_timm_trains_with_the_layer_everywhere() -> None:
    torch.manual_seed(0)
    sizes = {"layers": (1, 1, 1, 1), "channels": (8, 8, 16, 16)}
    model = timm().models.resnet.ResNet(
        timm().models.resnet.BasicBlock, num_classes=4, stem_width=8, **sizes
    )
    evonas.swap(model, "EvoNorm-S0", lone="layer", groups=4)
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
