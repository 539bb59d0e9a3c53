"""Exported modules in timm's models that build norm-act layers."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import nn

from evonas.exports.export import export_layer
from evonas.layers import resolve
from tests.support.timm_layers import timm
from tests.support.training import assert_learns, classifies

pytestmark = pytest.mark.usefixtures("one_thread")

_SMALL_RESNET = {"layers": (1, 1), "channels": (16, 32), "stem_chs": 16}
# Model, its settings, how many layers with an activation and how many affine ones it builds.
_MODELS = [
    ("resnetv2_50", _SMALL_RESNET, 7, 0),
    ("resnetv2_50", {**_SMALL_RESNET, "preact": False}, 5, 4),
    ("mobilenetv2_035", {}, 35, 17),
    ("efficientnet_b0", {}, 33, 16),
]
_LEFT_OVER = ("Norm", "ReLU", "SiLU", "GELU", "Swish")  # parts of class names
_OF_THEIR_OWN = (".se.", ".act3")  # activations after no norm: of a gate, and of an addition


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The exported EvoNorm-S0, imported as a user's script does."""
    path = export_layer(resolve("EvoNorm-S0"), tmp_path_factory.mktemp("export")).path
    spec = importlib.util.spec_from_file_location("exported_evonorm_s0", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(("name", "settings", "active", "affine"), _MODELS)
def test_the_layer_is_in_the_model_and_trains(
    name: str, settings: dict[str, object], active: int, affine: int, exported: ModuleType
) -> None:
    torch.manual_seed(0)
    norm_layer = exported.norm_layer(groups=4)
    model = timm().create_model(name, num_classes=4, norm_layer=norm_layer, **settings)
    layers = [module for module in model.modules() if isinstance(module, exported.NormAct)]
    assert Counter(layer.apply_act for layer in layers) == Counter({True: active, False: affine})
    assert all(layer.groups <= 4 for layer in layers)
    left_over = [
        path
        for child_path, child in model.named_children()
        for path, module in child.named_modules(prefix=child_path)
        if not isinstance(module, exported.NormAct)
        and any(part in type(module).__name__ for part in _LEFT_OVER)
        and not any(part in path for part in _OF_THEIR_OWN)
    ]
    assert left_over == []
    assert_learns(model, classifies(model))


def test_what_timm_does_with_a_class_and_with_resnet_v1(exported: ModuleType) -> None:
    # The reasons why the module offers a function, and why ResNet v1 goes through swap.
    create = timm().create_model
    for given in (exported.NormAct, functools.partial(exported.NormAct, groups=4)):
        with pytest.raises(AssertionError, match="No equivalent norm_act layer"):
            create("mobilenetv2_035", norm_layer=given)
    model = create("resnet18", norm_layer=exported.norm_layer(groups=4))
    assert isinstance(model.bn1, exported.NormAct)
    assert isinstance(model.act1, nn.ReLU)
