"""Vision transformer (Dosovitskiy et al. 2021); the layer is norm and activation at once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.anchors.weights import NormAct


@dataclass(frozen=True, slots=True)
class ViTConfig:
    """patch: side in pixels, a divisor of the image's; heads: a divisor of width.

    stem: channels of a 3x3 convolution and layer before the patches (Xiao et al. 2021), 0 for none.
    """

    patch: int = 4
    stem: int = 0
    width: int = 48
    depth: int = 3
    heads: int = 3
    expansion: int = 2


class Attention(nn.Module):
    """Multi-head self-attention, written out because the fused one has no second derivative."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, C) to tokens (B, T, C)."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)  # each (B, heads, T, C / heads)
        scores = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        out: Tensor = self.out(mixed)
        return out


class Block(nn.Module):
    """x + attention(layer(x)), then x + second(layer(first(x)))."""

    def __init__(self, config: ViTConfig, norm_act: NormAct) -> None:
        super().__init__()
        width, hidden = config.width, config.width * config.expansion
        self.before = norm_act(width)
        self.attention = Attention(width, config.heads)
        self.first = nn.Linear(width, hidden)
        self.between = norm_act(hidden)
        self.second = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, C) to tokens (B, T, C)."""
        x = x + self.attention(self.before(x))
        y: Tensor = self.second(self.between(self.first(x)))
        return x + y


class ViT(nn.Module):
    """stem, patches, positions, blocks, layer, mean over tokens, head."""

    def __init__(
        self, config: ViTConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
    ) -> None:
        super().__init__()
        channels, height, width = shape
        if height % config.patch or width % config.patch or config.width % config.heads:
            raise ValueError(
                f"vit: patch {config.patch} must divide the image's {height} x {width}, and heads "
                f"{config.heads} the width {config.width}; change anchors.network or data.size"
            )
        tokens = (height // config.patch) * (width // config.patch)
        self.stem: nn.Module = nn.Identity()
        if config.stem:
            stem = nn.Conv2d(channels, config.stem, 3, 1, 1, bias=False)
            self.stem = nn.Sequential(stem, norm_act(config.stem))
            channels = config.stem
        self.patches = nn.Conv2d(channels, config.width, config.patch, config.patch)
        self.position = nn.Parameter(torch.zeros(tokens, config.width))
        self.blocks = nn.Sequential(*(Block(config, norm_act) for _ in range(config.depth)))
        self.layer = norm_act(config.width)
        self.head = nn.Linear(config.width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to logits (B, classes)."""
        y = self.patches(self.stem(x)).flatten(2).transpose(1, 2) + self.position  # (B, T, width)
        y = self.layer(self.blocks(y))
        logits: Tensor = self.head(y.mean(1))
        return logits


def build(
    config: ViTConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return ViT(config, norm_act, shape, classes)
