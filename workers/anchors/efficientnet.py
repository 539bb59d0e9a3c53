"""EfficientNet: inverted residuals with squeeze-and-excitation (Tan and Le 2019, table 1)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.anchors.weights import NormAct


@dataclass(frozen=True, slots=True)
class EfficientNetConfig:
    """One entry a stage: output channels, blocks, stride of the first block, side of the kernel.

    first_expansion: of the first stage, 1 in the published network; squeeze: channels of a block's
    squeeze as a share of its input's; head: channels of the last 1x1 convolution.
    """

    stem: int = 16
    stem_stride: int = 1
    widths: tuple[int, ...] = (16, 24)
    depths: tuple[int, ...] = (1, 1)
    strides: tuple[int, ...] = (1, 2)
    kernels: tuple[int, ...] = (3, 5)
    expansion: int = 4
    first_expansion: int = 1
    squeeze: float = 0.25
    head: int = 64


class SqueezeExcitation(nn.Module):
    """Weighs each channel by what all channels hold on average (Hu et al. 2018).

    Its SiLU and sigmoid are its own: the layer under evaluation does not replace them.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        y = self.reduce(x.mean((2, 3), keepdim=True))
        weights = torch.sigmoid(self.expand(nn.functional.silu(y)))
        return x * weights


class Block(nn.Module):
    """1x1 expand, depthwise, squeeze-and-excitation, 1x1 project without activation."""

    def __init__(
        self,
        norm_act: NormAct,
        inputs: int,
        outputs: int,
        stride: int,
        kernel: int,
        expansion: int,
        squeeze: float,
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        parts: list[nn.Module] = []
        if expansion > 1:
            parts += [nn.Conv2d(inputs, hidden, 1, bias=False), norm_act(hidden)]
        depthwise = nn.Conv2d(
            hidden, hidden, kernel, stride, kernel // 2, groups=hidden, bias=False
        )
        parts += [
            depthwise,
            norm_act(hidden),
            SqueezeExcitation(hidden, max(1, int(inputs * squeeze))),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            norm_act(outputs, apply_act=False),
        ]
        self.parts = nn.Sequential(*parts)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.parts(x)
        return x + y if self.residual else y


class EfficientNet(nn.Module):
    """stem, blocks, 1x1 convolution, mean over space, head."""

    def __init__(
        self,
        config: EfficientNetConfig,
        norm_act: NormAct,
        shape: tuple[int, int, int],
        classes: int,
    ) -> None:
        super().__init__()
        stem = nn.Conv2d(shape[0], config.stem, 3, config.stem_stride, 1, bias=False)
        parts: list[nn.Module] = [stem, norm_act(config.stem)]
        channels, expansion = config.stem, config.first_expansion
        stages = zip(config.widths, config.depths, config.strides, config.kernels, strict=True)
        for width, depth, stride, kernel in stages:
            for index in range(depth):
                step = stride if index == 0 else 1
                parts.append(
                    Block(norm_act, channels, width, step, kernel, expansion, config.squeeze)
                )
                channels = width
            expansion = config.expansion
        parts += [nn.Conv2d(channels, config.head, 1, bias=False), norm_act(config.head)]
        self.parts = nn.Sequential(*parts)
        self.head = nn.Linear(config.head, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to logits (B, classes)."""
        y: Tensor = self.parts(x)
        logits: Tensor = self.head(y.mean((2, 3)))
        return logits


def build(
    config: EfficientNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return EfficientNet(config, norm_act, shape, classes)
