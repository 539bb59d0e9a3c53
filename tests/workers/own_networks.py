"""Networks of the kind that users write, good and bad, for the checks by dotted name."""

import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

NormAct = Callable[..., nn.Module]
_MADE: list[int] = []


def good(norm_act: NormAct) -> nn.Module:
    """For images (3, 8, 8) and 10 classes."""
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), norm_act(8), nn.Flatten(), nn.Linear(128, 10))


def wrong_shape(norm_act: NormAct) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), norm_act(8), nn.Flatten(), nn.Linear(288, 9))


def without_layer(norm_act: NormAct) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 10))


def unused_layer(norm_act: NormAct) -> nn.Module:
    norm_act(8)
    return without_layer(norm_act)


def dropout(norm_act: NormAct) -> nn.Module:
    return nn.Sequential(norm_act(3), nn.Flatten(), nn.Dropout(), nn.Linear(192, 10))


def changing(norm_act: NormAct) -> nn.Module:
    _MADE.append(1)
    network = nn.Sequential(norm_act(3), nn.Flatten(), nn.Linear(192, 10))
    nn.init.constant_(network[2].bias, float(len(_MADE)))  # type: ignore[arg-type]
    return network


def frozen_stem(norm_act: NormAct) -> nn.Module:
    """Its first weights are not trained."""
    network = good(norm_act)
    network.get_parameter("0.weight").requires_grad_(False)
    return network


def frozen(norm_act: NormAct) -> nn.Module:
    """No weight is trained but the layer's."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 10), norm_act(10))
    network[1].requires_grad_(False)
    return network


class Fused(nn.Module):
    """Attention whose kernel has a first derivative alone."""

    def __init__(self, norm_act: NormAct) -> None:
        super().__init__()
        self.tokens, self.layer = nn.Linear(24, 16), norm_act(16)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(self.tokens(x.reshape(len(x), 1, 8, 24)))
        y = nn.functional.scaled_dot_product_attention(y, y, y)
        logits: Tensor = self.head(y.mean((1, 2)))
        return logits


def fused(norm_act: NormAct) -> nn.Module:
    return Fused(norm_act)


def raising(norm_act: NormAct) -> nn.Module:
    raise RuntimeError("out of ideas")


def leaving(norm_act: NormAct) -> nn.Module:
    sys.exit(0)


def no_module(norm_act: NormAct) -> Callable[[Tensor], Tensor]:
    return torch.relu
