"""The anchors: proxy networks that a layer is placed in; one file and one config each."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from search_spaces.dotted import is_dotted, source_hash
from workers.anchors import efficientnet, gpt, mobilenet, own, resnet, vit
from workers.anchors.efficientnet import EfficientNetConfig
from workers.anchors.gpt import GPTConfig
from workers.anchors.mobilenet import MobileNetConfig
from workers.anchors.own import OwnConfig
from workers.anchors.resnet import ResNetConfig
from workers.anchors.vit import ViTConfig
from workers.anchors.weights import NormAct, initialise, own_parameters

__all__ = [
    "ANCHORS",
    "Anchor",
    "AnchorNetwork",
    "EfficientNetConfig",
    "GPTConfig",
    "MobileNetConfig",
    "NetworkConfig",
    "NormAct",
    "OwnConfig",
    "ResNetConfig",
    "ViTConfig",
    "anchor_identity",
    "anchor_of",
    "build_network",
]

NetworkConfig = (
    ResNetConfig | MobileNetConfig | EfficientNetConfig | ViTConfig | GPTConfig | OwnConfig
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """config: its settings' class; build(config, norm_act, shape, classes) returns the network.

    takes: its inputs, None if that cannot be known; any_size: whether it may be trained on images
    smaller than those of validation; requires: what a layer must meet, by the names of
    search_spaces.requirements; draws_weights: whether it draws its weights itself.
    """

    config: type[Any]
    build: Callable[..., nn.Module]
    takes: Literal["images", "text"] | None = "images"
    any_size: bool = True
    requires: tuple[str, ...] = ()
    draws_weights: bool = False


#: To add one: write anchors/<name>.py, extend NetworkConfig, add a line here.
ANCHORS: dict[str, Anchor] = {
    "resnet": Anchor(ResNetConfig, resnet.build),
    "mobilenet": Anchor(MobileNetConfig, mobilenet.build),
    "efficientnet": Anchor(EfficientNetConfig, efficientnet.build),
    "vit": Anchor(ViTConfig, vit.build, any_size=False),
    "gpt": Anchor(GPTConfig, gpt.build, takes="text", requires=("causal",)),
}


def anchor_of(name: str) -> Anchor:
    """The anchor of a name, or of a dotted name of the user's own. Raises KeyError."""
    if is_dotted(name):

        def build(_: OwnConfig, norm_act: NormAct, _shape: Any, _classes: int) -> nn.Module:
            return own.build(name, norm_act)

        return Anchor(OwnConfig, build, takes=None, draws_weights=True)
    return ANCHORS[name]


@dataclass(frozen=True, slots=True)
class AnchorNetwork:
    """module: logits from inputs; weights: its own parameters of two or more axes (no layer's, and
    none that is frozen).
    """

    module: nn.Module
    weights: tuple[nn.Parameter, ...]


def anchor_identity(name: str) -> str:
    """What an evaluation key has to say of the code of an anchor of the user's own, else "".

    Raises DottedNameError.
    """
    return source_hash(name) if is_dotted(name) else ""


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
    random state is left as it was; a layer that draws numbers of its own draws the same each time,
    and what it draws shifts nothing that is drawn after it.
    """
    anchor = anchor_of(name)
    layers: list[nn.Module] = []

    def recorded(*args: Any, **kwargs: Any) -> nn.Module:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            # Said once for all layers, in a remark on the settings.
            warnings.filterwarnings("ignore", message=".*leave one channel a group")
            torch.manual_seed(seed[0] + len(layers))
            layers.append(norm_act(*args, **kwargs))
        return layers[-1]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed[0])
        module = anchor.build(config, recorded, shape, classes)
    own_ones = own_parameters(module, layers)
    if not anchor.draws_weights:
        initialise(own_ones, seed)
    return AnchorNetwork(module, tuple(p for _, p in own_ones if p.ndim > 1 and p.requires_grad))
