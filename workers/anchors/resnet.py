"""Pre-activation residual network (He et al. 2016, "Identity Mappings in Deep Residual Nets")."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from workers.anchors.weights import NormAct
from workers.keys import later


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """widths: channels of each stage; depths: blocks of each stage; strides: of its first block.

    bottleneck: 1x1, 3x3, 1x1 blocks with a four-fold wider output, as in ResNet-50, or two 3x3.
    stem_kernel, stem_stride: 7 and 2 in the published network; pool: stride of a 3x3 max pooling
    after the stem, 2 in the published network, 0 for no pooling.
    """

    stem: int = 16
    widths: tuple[int, ...] = (16, 32)
    depths: tuple[int, ...] = (1, 1)
    strides: tuple[int, ...] = (1, 2)
    bottleneck: bool = False
    stem_kernel: int = later(3)
    stem_stride: int = later(1)
    pool: int = later(0)


class Block(nn.Module):
    """layer, conv, layer, conv (, layer, conv), added to the input; shapes (B, C, H, W)."""

    def __init__(
        self, norm_act: NormAct, inputs: int, width: int, stride: int, bottleneck: bool
    ) -> None:
        super().__init__()
        outputs = 4 * width if bottleneck else width
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        channels = (inputs, *[width] * (len(kernels) - 1), outputs)
        strides = (1, stride, 1) if bottleneck else (stride, 1)
        self.layers = nn.ModuleList(norm_act(c) for c in channels[:-1])
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, k, s, k // 2, bias=False)
            for (a, b), k, s in zip(pairwise(channels), kernels, strides, strict=True)
        )
        self.shortcut: nn.Module | None = None
        if inputs != outputs or stride > 1:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y = self.layers[0](x)
        shortcut = x if self.shortcut is None else self.shortcut(y)
        y = self.convs[0](y)
        for layer, conv in zip(self.layers[1:], self.convs[1:], strict=True):
            y = conv(layer(y))
        total: Tensor = shortcut + y
        return total


class ResNet(nn.Module):
    """stem, pooling, blocks, layer, mean over space, head."""

    def __init__(
        self, config: ResNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
    ) -> None:
        super().__init__()
        kernel = config.stem_kernel
        self.stem = nn.Conv2d(
            shape[0], config.stem, kernel, config.stem_stride, kernel // 2, bias=False
        )
        self.pool = nn.MaxPool2d(3, config.pool, 1) if config.pool else nn.Identity()
        blocks: list[nn.Module] = []
        channels = config.stem
        stages = zip(config.widths, config.depths, config.strides, strict=True)
        for width, depth, stride in stages:
            for index in range(depth):
                step = stride if index == 0 else 1
                blocks.append(Block(norm_act, channels, width, step, config.bottleneck))
                channels = 4 * width if config.bottleneck else width
        self.blocks = nn.Sequential(*blocks)
        self.layer = norm_act(channels)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to logits (B, classes)."""
        y: Tensor = self.layer(self.blocks(self.pool(self.stem(x))))
        logits: Tensor = self.head(y.mean((2, 3)))
        return logits


def build(
    config: ResNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return ResNet(config, norm_act, shape, classes)
