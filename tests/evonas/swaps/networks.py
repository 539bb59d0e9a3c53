"""Small networks, each with something that a swap must notice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Swish(nn.Module):
    """An activation under a name that is known."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class Wave(nn.Module):
    """An activation of the user's own."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class ScaleNorm(nn.Module):
    """A normalization of the user's own, whose layout its name does not tell."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x / x.square().mean(-1, keepdim=True).add(1e-5).sqrt()


class NormedConv2d(nn.Conv2d):
    """A convolution with normalized weights: "norm" is in its name, and it is none."""

    def forward(self, x: Tensor) -> Tensor:
        weight = functional.normalize(self.weight, dim=1)
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding)


class Many(nn.Module):
    """One of each: pairs, and norms and activations that are none, by attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        for name in ("pair", "apart", "function", "twice", "gated", "lone", "first", "second"):
            setattr(self, name, nn.BatchNorm2d(8))
        self.shared_norm, self.mixed, self.unused = (nn.BatchNorm2d(8) for _ in range(3))
        self.whole = nn.LayerNorm((8, 6, 6))
        self.pair_act, self.apart_act, self.twice_act = nn.ReLU(), Swish(), nn.ReLU()
        self.both_act, self.mixed_act, self.end_act = nn.GELU(), nn.SiLU(), nn.Tanh()
        self.shared_act, self.whole_act = nn.ReLU(inplace=True), nn.ReLU()
        self.gate, self.identity, self.dropout = nn.Sigmoid(), nn.Identity(), nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = self.pair_act(self.pair(x))
        x = self.apart_act(self.identity(self.apart(x)).flatten(2)).unflatten(2, (6, 6))
        x = functional.relu(self.function(x))
        y = self.twice(x)
        x = self.twice_act(y) + y
        x = x * self.gate(self.gated(x))
        x = self.both_act(self.first(x))
        x = self.both_act(self.second(x))
        x = self.shared_act(self.shared_norm(self.shared_act(self.shared_norm(x))))
        x = self.mixed_act(self.mixed(x)) + self.mixed_act(x)
        x = self.whole_act(self.whole(x))
        return self.end_act(self.dropout(self.lone(x)))


class Untraceable(nn.Module):
    """Control flow on the numbers of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Identity(), nn.ReLU(), nn.BatchNorm2d(8)
        )
        self.norm, self.act = nn.BatchNorm2d(8), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 1e9:
            return x
        x = self.body(x)
        return self.act(self.norm(x)) + x
