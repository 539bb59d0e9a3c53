"""Blocks rewritten without activations that no module of their own computes."""

from __future__ import annotations

import copy
import importlib

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import evonas
from search_spaces.layer import layer_class
from search_spaces.zoo import zoo_graph
from tests.support.timm_layers import timm
from tests.support.training import assert_learns, classifies

pytestmark = pytest.mark.usefixtures("one_thread")


class Block(nn.Module):
    """A residual block as people write them: activations are functions, or one module for all."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.norm3, self.relu = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        self.of_use_to_others = 3

    def forward(self, x: Tensor) -> Tensor:
        y = functional.gelu(self.norm1(x))
        y = self.relu(self.norm2(self.conv(y)))
        return self.relu(torch.relu_(self.norm3(y)) + x)


class ByMode(nn.Module):
    """Another activation in training than in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        return functional.relu(x) if self.training else functional.relu6(x)


class Apart(nn.Module):
    """The norm is called by one module, its activation by another."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x))


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_a_block_computes_the_rest_as_before(nested: bool, recorded: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 8, 5, 5)
    model: nn.Module = nn.Sequential(nn.Identity(), Block()) if nested else Block()
    prefix = "1." if nested else ""
    block = model.get_submodule("1") if nested else model
    layers = [layer_class(zoo_graph("GN-SiLU"))(8, groups=2) for _ in range(3)]
    kept = evonas.swap(model, "GN-SiLU", groups=2)
    assert not kept.replaced
    report = evonas.swap(model, "GN-SiLU", rewrite=True, groups=2, inputs=x if recorded else None)
    assert {entry.path: entry.activations for entry in report.replaced} == {
        f"{prefix}norm1": ("the function gelu",),
        f"{prefix}norm2": (f"{prefix}relu",),
        f"{prefix}norm3": ("the function relu",),
    }
    assert [entry.path for entry in report.left_alone] == [f"{prefix}relu"]
    assert "rewritten blocks: 1; save the model as state_dict" in str(report)
    assert isinstance(block, Block)
    assert block.of_use_to_others == 3
    y = layers[1](block.conv(layers[0](x)))
    torch.testing.assert_close(model(x), torch.relu(layers[2](y) + x))
    torch.testing.assert_close(copy.deepcopy(model)(x), model(x))
    model.load_state_dict(model.state_dict(), strict=True)
    assert not evonas.swap(model, "GN-SiLU", rewrite=True).replaced


@pytest.mark.parametrize(
    ("model", "norm", "why"),
    [
        (ByMode(), "norm", "the model is not rewritten: it computes something else in training"),
        (Apart(), "body.1", "no block calls it and right after it the activation, each time"),
    ],
)
def test_what_cannot_be_rewritten_stays(model: nn.Module, norm: str, why: str) -> None:
    kind = type(model)
    report = evonas.swap(model, "GN-ReLU", rewrite=True)
    assert not report.replaced
    assert [kept.path for kept in report.left_alone] == [norm]
    assert report.left_alone[0].why.startswith("its activation is the function relu, and ")
    assert why in report.left_alone[0].why
    assert type(model) is kind


@pytest.mark.parametrize(("name", "kept", "rewritten"), [("resnet18", 1, 9), ("resnet50", 1, 33)])
def test_resnets_of_torchvision(name: str, kept: int, rewritten: int) -> None:
    timm()  # torchvision can be imported then
    torch.manual_seed(0)
    model = getattr(importlib.import_module("torchvision.models"), name)(num_classes=4)
    keys = model.state_dict().keys()
    expected = copy.deepcopy(model)
    assert len(evonas.swap(expected, "EvoNorm-S0", groups=8).replaced) == kept
    report = evonas.swap(model, "EvoNorm-S0", rewrite=True, groups=8)
    assert len(report.replaced) == rewritten
    lost = {key for key in keys - model.state_dict().keys() if "running" not in key}
    assert all("num_batches_tracked" in key for key in lost)
    if name == "resnet18":
        assert_learns(model, classifies(model, batch=2), steps=3)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own
def test_a_rewritten_model_compiles_and_exports() -> None:
    torch.compiler.reset()
    model, x = Block().eval(), torch.randn(2, 8, 5, 5)
    evonas.swap(model, "EvoNorm-S0", rewrite=True, groups=2)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), model(x))
    torch.testing.assert_close(torch.export.export(model, (x,)).module()(x), model(x))
