"""What is replaced and what is left alone, by any way of seeing a model; and what is refused."""

from __future__ import annotations

import copy
import functools
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import evonas
from evonas.exports.export import export_layer
from evonas.layers import LayerError, resolve
from evonas.swaps.errors import SwapError
from search_spaces.errors import TextError
from search_spaces.layer import layer_class
from search_spaces.zoo import zoo_graph
from tests.evonas.swaps.networks import Many, NormedConv2d, ScaleNorm, Untraceable, Wave

IMAGES = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))

_PAIRS = {
    "pair": ("pair_act",),
    "apart": ("apart_act",),
    "first": ("both_act",),
    "second": ("both_act",),
    "shared_norm": ("shared_act",),
}
_MAY = "`rewrite=True` may take it out"
_WHY = {
    "function": f"its activation is the function relu; {_MAY}",
    "twice": "no activation follows; it is read by twice_act and the function add",
    "twice_act": "it follows twice",
    "gated": "no activation follows; it is read by gate",
    "mixed": f"its activation mixed_act is called after shared_act too; {_MAY}",
    "mixed_act": "it follows mixed and shared_act",
    "unused": "it is not called in {how}",
    "whole": "it has a weight for every position of (8, 6, 6), not for every channel",
    "whole_act": "it follows whole",
    "lone": "no activation follows; it is read by dropout",
    "end_act": "it follows dropout",
}


@pytest.mark.parametrize("recorded", [False, True])
def test_each_norm_and_activation_is_reported_once(recorded: bool) -> None:
    model = Many()
    report = evonas.swap(model, "GN-SiLU", inputs=IMAGES if recorded else None, groups=2)
    how = "a recorded forward pass" if recorded else "torch.fx"
    assert report.seen_by == how
    assert {entry.path: entry.activations for entry in report.replaced} == _PAIRS
    why = {path: reason.format(how=how) for path, reason in _WHY.items()}
    assert {kept.path: kept.why for kept in report.left_alone} == why
    for entry in report.replaced:
        assert isinstance(model.get_submodule(entry.path), layer_class(zoo_graph("GN-SiLU")))
        assert all(type(model.get_submodule(path)) is nn.Identity for path in entry.activations)
        assert entry.now == "NormAct(8, apply_act=True, eps=1e-05, groups=2)"
    assert all(type(model.get_submodule(path)) is not nn.Identity for path in _WHY)
    assert model(IMAGES).shape == (2, 8, 6, 6)
    lines = str(report).split("\n")
    assert lines[0] == f"5 replaced, 11 left alone; seen by {how}"
    assert len(lines) == 18
    assert lines[1] == (
        '  3 norms without an activation: `lone="layer"` puts the layer in such places too, '
        '`lone="affine"` scale and shift alone'
    )
    assert "pair         BatchNorm2d + pair_act -> NormAct(8, apply_act=True" in lines[2]
    assert lines[-1].endswith("whole_act    ReLU stays: it follows whole")


def test_a_swapped_network_computes_what_it_says() -> None:
    torch.manual_seed(0)
    model = Many().eval()
    layers = {name: layer_class(zoo_graph("GN-ReLU"))(8, groups=2) for name in _PAIRS}
    expected = copy.deepcopy(model)
    for name, activations in _PAIRS.items():  # by hand
        setattr(expected, name, layers[name])
        for activation in activations:
            setattr(expected, activation, nn.Identity())
    evonas.swap(model, "GN-ReLU", groups=2)
    torch.testing.assert_close(model(IMAGES), expected(IMAGES))


@pytest.mark.parametrize("choice", ["layer", "affine"])
def test_lone_norms_are_replaced_by_choice(choice: str) -> None:
    model = Many()
    with torch.no_grad():
        model.gated.weight.uniform_(1, 2)
        model.gated.bias.uniform_(1, 2)
    scale, shift = model.gated.weight.clone(), model.gated.bias.clone()
    report = evonas.swap(model, "EvoNorm-S0", lone=choice, groups=2)
    lone = {entry.path for entry in report.replaced} - _PAIRS.keys()
    assert lone == {"twice", "gated", "lone"}
    for path in (*lone, *_PAIRS):
        assert model.get_submodule(path).apply_act == (path in _PAIRS or choice == "layer")
    assert torch.equal(model.gated.weight, scale)
    assert torch.equal(model.gated.bias, shift)
    assert torch.equal(model.pair.weight, torch.ones(8))
    assert {kept.path for kept in report.left_alone} == _WHY.keys() - lone
    assert "lone=" not in str(report)


def test_an_untraceable_model_is_seen_by_its_sequences_or_by_a_pass() -> None:
    model = Untraceable()
    report = evonas.swap(copy.deepcopy(model), "GN-ReLU", groups=2, lone="layer")
    assert report.seen_by == "the order in nn.Sequential alone"
    assert [(e.path, e.activations) for e in report.replaced] == [("body.1", ("body.3",))]
    why = {kept.path: kept.why for kept in report.left_alone}
    assert why.keys() == {"body.4", "norm", "act"}
    assert all("could not be traced: give `inputs`" in reason for reason in why.values())
    assert "torch.fx cannot trace it (TraceError: " in str(report)
    for inputs in (IMAGES, (IMAGES,), {"x": IMAGES}):
        report = evonas.swap(copy.deepcopy(model), "GN-ReLU", inputs=inputs, groups=2)
        assert {e.path: e.activations for e in report.replaced} == {
            "body.1": ("body.3",),
            "norm": ("act",),
        }
        assert [kept.path for kept in report.left_alone] == ["body.4"]


def test_what_is_lost_is_said() -> None:
    class HouseRMSNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.full((4,), 2.0))

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.rms_norm(x, (4,)) * self.weight

    model = nn.Sequential(nn.Linear(4, 4), HouseRMSNorm(), nn.Linear(4, 4), nn.LayerNorm(4))
    assert "HouseRMSNorm" not in "".join(evonas.swap(copy.deepcopy(model), "RMSNorm").remarks)
    (remark,) = evonas.swap(model, "RMSNorm", lone="layer").remarks
    assert remark == "what the weights of HouseRMSNorm mean is not known: they are not kept"
    synced = nn.Sequential(nn.Conv2d(3, 4, 1), nn.SyncBatchNorm(4), nn.ReLU())
    assert evonas.swap(copy.deepcopy(synced), "GN-ReLU", groups=2).remarks == ()
    (remark,) = evonas.swap(synced, "BN-SiLU").remarks
    assert remark.startswith("1 layer in place of nn.SyncBatchNorm: in training it takes the stat")


def test_a_recorded_pass_leaves_no_trace() -> None:
    model = Many().train()
    model.pair.eval()
    modes = [module.training for module in model.modules()]
    before = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    with pytest.raises(SwapError, match=r"does not run on these inputs: RuntimeError: "):
        evonas.swap(model, "GN-ReLU", inputs=torch.zeros(2, 5, 6, 6))
    assert [module.training for module in model.modules()] == modes
    evonas.swap(nn.Sequential(model), "GN-ReLU", inputs=IMAGES, groups=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.backends.mha.get_fastpath_enabled()
    assert not any(module._forward_hooks for module in model.modules())
    for key, value in model.state_dict().items():
        if not key.startswith(tuple(_PAIRS)):
            assert torch.equal(value, before[key]), key
    assert not model.pair.training
    assert model.apart.training


def test_a_norm_at_two_paths_is_one_layer() -> None:
    norm, act = nn.BatchNorm2d(4), nn.ReLU()
    model = nn.Sequential(norm, act, nn.Conv2d(4, 4, 1), norm, act)
    report = evonas.swap(model, "EvoNorm-B0")
    assert [entry.path for entry in report.replaced] == ["0"]
    assert model[0] is model[3]
    assert type(model[1]) is type(model[4]) is nn.Identity
    assert model(torch.randn(2, 4, 3, 3)).isfinite().all()


def test_activations_of_your_own_and_norms_whose_layout_is_seen() -> None:
    model = nn.Sequential(nn.Linear(5, 8), ScaleNorm(8), Wave())
    report = evonas.swap(model, "RMSNorm")
    assert [kept.why for kept in report.left_alone] == [
        "nothing tells where its channels are: give `inputs`"
    ]
    x = torch.randn(2, 3, 5)
    report = evonas.swap(model, "RMSNorm", inputs=x, activations=(Wave,))
    assert [(entry.path, entry.activations) for entry in report.replaced] == [("1", ("2",))]
    assert model(x).shape == (2, 3, 8)


def test_an_untied_activation_before_a_residual_stays() -> None:
    # Blocks as torchvision writes them: one activation after a norm and after an addition.
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn, self.relu = nn.BatchNorm2d(3), nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.relu(self.bn(x)) + x)

    for inputs in (None, IMAGES):
        report = evonas.swap(Block(), "GN-ReLU", inputs=inputs)
        assert not report.replaced
        assert (
            report.left_alone[0].why
            == f"its activation relu is called after the function add too; {_MAY}"
        )


@pytest.mark.parametrize(
    "kind", ["name", "text", "file", "path", "layer", "found", "class", "factory"]
)
def test_anything_that_names_a_layer(kind: str, here: Path) -> None:
    path = export_layer(resolve("EvoNorm-S0"), here).path
    built = layer_class(zoo_graph("EvoNorm-S0"))

    def norm_act(num_features: int, apply_act: bool = True) -> nn.Module:
        return built(num_features, apply_act, groups=2)

    layer = {
        "name": "evonorm-s0",
        "text": "x * sigmoid(v1 * x) / std[sg](x)",
        "file": str(path),
        "path": path,
        "layer": evonas.Layer("EvoNorm-S0"),
        "found": resolve("EvoNorm-S0"),
        "class": built,
        "factory": norm_act,
    }[kind]
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
    report = evonas.swap(model, layer, **({} if kind == "factory" else {"groups": 2}))
    assert isinstance(model[1], built)
    assert report.replaced[0].now == "NormAct(4, apply_act=True, eps=1e-05, groups=2)"


def test_what_is_refused_changes_nothing() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
    kinds = [type(module) for module in model]
    swap = functools.partial(evonas.swap, model)
    with pytest.raises(SwapError, match=r"no setting 'group', .* unknown; allowed: eps, .*groups"):
        swap("GN-ReLU", group=2)
    with pytest.raises(SwapError, match=r"an nn\.Module, given 'resnet18'; build it first"):
        evonas.swap("resnet18", "EvoNorm-S0")  # type: ignore[arg-type]
    with pytest.raises(SwapError, match="lone must be one of keep, layer, affine, given 'all'"):
        swap("GN-ReLU", lone="all")
    with pytest.raises(SwapError, match="layer must be a text form, a zoo name"):
        swap(nn.BatchNorm2d(3))
    with pytest.raises(LayerError, match="no layer is called 'GN-RELUU'"):
        swap("GN-RELUU")
    with pytest.raises(TextError, match="column"):
        swap("x * (")
    with pytest.raises(SwapError, match="wrapped in OptimizedModule; swap first"):
        evonas.swap(torch.compile(model, backend="eager"), "GN-ReLU")
    for name, value in (("channels_last", True), ("dtype", torch.half), ("apply_act", False)):
        with pytest.raises(SwapError, match=f"no setting '{name}', which is given by the place"):
            swap("GN-ReLU", **{name: value})
    for kind, name in ((nn.GELU, "GELU"), (max, "max")):
        with pytest.raises(SwapError, match=f"{name} takes no `apply_act`; give a class or a func"):
            swap(kind)
    with pytest.raises(SwapError, match="GN-ReLU cannot be made for 4 channels: groups must be at"):
        swap("GN-ReLU", groups=0)
    with pytest.raises(SwapError, match=r"makes no nn\.Module but None"):
        swap(lambda num_features, apply_act: None)
    with pytest.raises(SwapError, match="activations must be classes, given "):
        swap("GN-ReLU", activations=(nn.ReLU(),))  # type: ignore[arg-type]
    assert [type(module) for module in model] == kinds


def test_what_is_no_place_for_a_layer() -> None:
    alone = nn.BatchNorm2d(4)
    assert "the whole model" in evonas.swap(alone, "GN-ReLU").left_alone[0].why
    lazy = nn.Sequential(nn.LazyConv2d(4, 1), nn.LazyBatchNorm2d(), nn.ReLU())
    assert "not initialised yet" in evonas.swap(lazy, "GN-ReLU").left_alone[0].why
    again = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
    evonas.swap(again, "GN-ReLU", groups=2)
    report = evonas.swap(again, "EvoNorm-S0", groups=2)
    assert [kept.why for kept in report.left_alone] == ["a norm-act layer already"]
    weighted = nn.Sequential(NormedConv2d(8, 8, 3, padding=1), nn.ReLU())
    assert "a parameter of (8, 8, 3, 3), so it does more than normalize" in str(
        evonas.swap(weighted, "GN-ReLU")
    )
    assert isinstance(weighted[0], NormedConv2d)
    unbatched = nn.Sequential(nn.InstanceNorm2d(3), nn.ReLU())
    report = evonas.swap(unbatched, "GN-ReLU", inputs=torch.randn(3, 4, 5))
    assert "its 3 channels are not where they should be in (3, 4, 5)" in str(report)
    assert (
        str(evonas.swap(nn.Linear(2, 2), "GN-ReLU")) == "0 replaced, 0 left alone; seen by torch.fx"
    )
