"""The anchors: proxy networks that a layer is placed in; one file and one config each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workers.anchors import mobilenet, resnet, vit
from workers.anchors.mobilenet import MobileNetConfig
from workers.anchors.resnet import ResNetConfig
from workers.anchors.vit import ViTConfig
from workers.anchors.weights import NormAct, initialise, own_parameters

__all__ = [
    "ANCHORS",
    "Anchor",
    "AnchorNetwork",
    "MobileNetConfig",
    "NetworkConfig",
    "NormAct",
    "ResNetConfig",
    "ViTConfig",
    "build_network",
]

NetworkConfig = ResNetConfig | MobileNetConfig | ViTConfig


@dataclass(frozen=True, slots=True)
class Anchor:
    """config: its settings' class; build(config, norm_act, shape, classes) returns the network."""

    config: type[Any]
    build: Callable[..., nn.Module]


#: To add one: write anchors/<name>.py, extend NetworkConfig, add a line here.
ANCHORS: dict[str, Anchor] = {
    "resnet": Anchor(ResNetConfig, resnet.build),
    "mobilenet": Anchor(MobileNetConfig, mobilenet.build),
    "vit": Anchor(ViTConfig, vit.build),
}


@dataclass(frozen=True, slots=True)
class AnchorNetwork:
    """module: logits from images; weights: its own parameters of two or more axes (no layer's)."""

    module: nn.Module
    weights: tuple[nn.Parameter, ...]


def build_network(
    name: str,
    config: NetworkConfig,
    norm_act: NormAct,
    shape: tuple[int, ...],
    classes: int,
    seed: tuple[int, ...],
) -> AnchorNetwork:
    """The anchor with `norm_act` in place; its weights depend on `seed` alone, not on the layer.

    Raises KeyError for an unknown name (configs are checked before they come here). The global
    random state is left as it was; a layer that draws numbers of its own draws the same each time.
    """
    layers: list[nn.Module] = []

    def recorded(*args: Any, **kwargs: Any) -> nn.Module:
        layers.append(norm_act(*args, **kwargs))
        return layers[-1]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed[0])
        module = ANCHORS[name].build(config, recorded, shape, classes)
    own = own_parameters(module, layers)
    initialise(own, seed)
    return AnchorNetwork(module, tuple(p for _, p in own if p.ndim > 1))
