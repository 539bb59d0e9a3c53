"""Layers in the places of every kind of norm: axes, shapes, devices, types, layers of others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import evonas
from evonas.swaps.layouts import Placed
from tests.support.timm_layers import evo_norm, timm

_GENERATOR = torch.Generator().manual_seed(0)
C = 6


def _images(x: Tensor, at_end: bool) -> Tensor:
    """The same numbers as (B, C, S, 1)."""
    return (x.movedim(-1, 1) if at_end else x).reshape(x.shape[0], C, -1, 1)


# Norm, shape of its input, whether channels are last, whether the layer takes it by itself.
_NORMS = [
    (nn.BatchNorm1d(C), (4, C), False, True),
    (nn.BatchNorm1d(C), (4, C, 5), False, False),
    (nn.BatchNorm2d(C), (4, C, 3, 5), False, True),
    (nn.SyncBatchNorm(C), (4, C, 3, 5), False, True),
    (nn.BatchNorm3d(C), (4, C, 2, 3, 2), False, False),
    (nn.InstanceNorm1d(C), (4, C, 5), False, False),
    (nn.InstanceNorm2d(C, affine=True), (4, C, 3, 5), False, True),
    (nn.GroupNorm(2, C), (4, C, 5), False, False),
    (nn.GroupNorm(2, C), (4, C, 3, 5), False, True),
    (nn.LayerNorm(C), (4, C), True, True),
    (nn.LayerNorm(C), (4, 5, C), True, True),
    (nn.LayerNorm(C), (4, C, C), True, True),
    (nn.LayerNorm(C), (4, 3, 5, C), True, True),
    (nn.LayerNorm(C), (4, 2, 3, 2, C), True, False),
    (nn.RMSNorm(C), (4, 5, C), True, True),
]


@pytest.mark.parametrize(("norm", "shape", "at_end", "by_itself"), _NORMS)
@pytest.mark.parametrize("text", ["EvoNorm-S0", "x / (1 + std[s](x))", "tanh(x) / rms[c](x)"])
def test_a_layer_takes_statistics_over_the_axes_of_its_place(
    norm: nn.Module, shape: tuple[int, ...], at_end: bool, by_itself: bool, text: str
) -> None:
    model = nn.Sequential(norm, nn.ReLU())
    x = torch.randn(shape, generator=_GENERATOR)
    settings = {"groups": 2} if text == "EvoNorm-S0" else {}
    report = evonas.swap(model, text, inputs=x, **settings)
    assert len(report.replaced) == 1, report
    assert isinstance(model[0], Placed) is not by_itself
    layer = model[0].layer if isinstance(model[0], Placed) else model[0]
    layer.channels_last = False
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, 0.5, 1.5, generator=_GENERATOR)
    expected = layer(_images(x, at_end))
    layer.channels_last = at_end and by_itself
    torch.testing.assert_close(_images(model(x), at_end), expected)


def test_what_is_not_known_without_a_pass_is_taken_as_it_comes() -> None:
    model = nn.Sequential(nn.Linear(C, C), nn.Unflatten(0, (4, 3)), nn.GroupNorm(1, 3), nn.ReLU())
    evonas.swap(model, "GN-ReLU", groups=1)  # (4, 3, 6): no convolution tells its dimensions
    assert isinstance(model[2], Placed)
    assert model(torch.randn(12, C)).shape == (4, 3, C)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4), nn.ReLU())
    evonas.swap(model, "GN-ReLU", groups=2)
    assert not isinstance(model[1], Placed)


@pytest.mark.parametrize("name", ["LayerNorm2d", "RmsNorm2d", "LayerNorm", "GroupNorm1"])
def test_norms_of_timm_know_their_layout(name: str) -> None:
    module = getattr(timm().layers, name)(C)
    at_end = name == "LayerNorm"
    x = torch.randn(2, 3, 5, C) if at_end else torch.randn(2, C, 3, 5)
    model = nn.Sequential(nn.Identity(), module)
    evonas.swap(model, "x / rms[c](x)", lone="layer", inputs=x)
    layer = model[1]
    assert layer.channels_last == at_end
    square = x.square().mean(-1 if at_end else 1, keepdim=True)
    torch.testing.assert_close(model(x), x * (square + 1e-5).rsqrt())


@pytest.mark.parametrize("at_end", [False, True])
def test_layers_of_others_are_given_images(at_end: bool) -> None:
    norm = nn.LayerNorm(8) if at_end else nn.BatchNorm1d(8)
    model = nn.Sequential(norm, nn.GELU()).double()
    x = torch.randn(2, 5, 8).double() if at_end else torch.randn(2, 8, 5).double()
    theirs = evo_norm().EvoNorm2dS0
    evonas.swap(model, theirs, inputs=x, groups=2)
    ours = nn.Sequential(nn.LayerNorm(8) if at_end else nn.BatchNorm1d(8), nn.GELU()).double()
    evonas.swap(ours, "EvoNorm-S0", inputs=x, groups=2)
    assert isinstance(model[0].layer, theirs)
    torch.testing.assert_close(model(x), ours(x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_device_type_and_mode_are_those_of_the_norm(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.InstanceNorm2d(4))
    model.to(dtype).eval()
    evonas.swap(model, "EvoNorm-B0", lone="layer")
    for layer in (model[1], model[3]):
        assert {parameter.dtype for parameter in layer.parameters()} == {dtype}
        assert {buffer.dtype for buffer in layer.buffers()} == {torch.float32}
        assert not layer.training
    assert model(torch.randn(2, 3, 5, 5, dtype=dtype)).dtype == dtype
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
    evonas.swap(model, "EvoNorm-B0")
    assert all(tensor.is_meta for tensor in model.state_dict().values())


def test_an_affine_that_means_something_else_is_not_kept() -> None:
    class PlusOneNorm(nn.RMSNorm):
        """torch's, and so is what its weight means."""

    class OwnRMSNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4))  # it multiplies by 1 + weight

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.rms_norm(x, (4,)) * (1 + self.weight)

    model = nn.Sequential(nn.Linear(4, 4), OwnRMSNorm(), nn.Linear(4, 4), PlusOneNorm(4))
    nn.init.constant_(model[3].weight, 3.0)
    evonas.swap(model, "RMSNorm", lone="layer")
    assert torch.equal(model[1].weight, torch.ones(4))
    assert torch.equal(model[3].weight, torch.full((4,), 3.0))
