"""Vision transformer (Dosovitskiy et al. 2021); the layer is norm and activation, or norm alone."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.anchors.errors import AnchorError
from workers.anchors.transformer import Mode, Placement, trunk
from workers.anchors.weights import NormAct
from workers.keys import later


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
    mode: Mode = later("norm-act")
    placement: Placement = later("pre")


class ViT(nn.Module):
    """stem, patches, positions, blocks, layer, mean over tokens, head."""

    def __init__(
        self, config: ViTConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
    ) -> None:
        super().__init__()
        channels, height, width = shape
        if height % config.patch or width % config.patch or config.width % config.heads:
            raise AnchorError(
                f"vit: patch {config.patch} must divide the image's {height} x {width}, and heads "
                f"{config.heads} the width {config.width}; change "
                "evaluation.anchors.network or the size of its data"
            )
        tokens = (height // config.patch) * (width // config.patch)
        self.stem: nn.Module = nn.Identity()
        if config.stem:
            stem = nn.Conv2d(channels, config.stem, 3, 1, 1, bias=False)
            kept = () if config.mode == "norm-act" else (nn.GELU(),)
            self.stem = nn.Sequential(stem, norm_act(config.stem), *kept)
            channels = config.stem
        self.patches = nn.Conv2d(channels, config.width, config.patch, config.patch)
        self.position = nn.Parameter(torch.zeros(tokens, config.width))
        self.blocks, self.layer = trunk(norm_act, config)
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
