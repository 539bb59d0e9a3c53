"""MobileNetV2: inverted residuals with linear bottlenecks (Sandler et al. 2018, section 3)."""

from dataclasses import dataclass

from torch import Tensor, nn

from workers.anchors.weights import NormAct
from workers.keys import later


@dataclass(frozen=True, slots=True)
class MobileNetConfig:
    """One entry a stage: output channels, blocks, stride of the first block.

    stem_stride: 2 in the published network; first_expansion: of the first stage, 1 in the published
    network, None for that of the others; head: channels of the last 1x1 convolution.
    """

    stem: int = 16
    stem_stride: int = 1
    widths: tuple[int, ...] = (16, 24)
    depths: tuple[int, ...] = (1, 1)
    strides: tuple[int, ...] = (1, 2)
    expansion: int = 3
    head: int = 64
    first_expansion: int | None = later(None)


class InvertedResidual(nn.Module):
    """1x1 expand, 3x3 depthwise, 1x1 project without activation; shapes (B, C, H, W)."""

    def __init__(
        self, norm_act: NormAct, inputs: int, outputs: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        parts: list[nn.Module] = []
        if expansion > 1:
            parts += [nn.Conv2d(inputs, hidden, 1, bias=False), norm_act(hidden)]
        parts += [
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            norm_act(hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            norm_act(outputs, apply_act=False),
        ]
        self.parts = nn.Sequential(*parts)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.parts(x)
        return x + y if self.residual else y


class MobileNet(nn.Module):
    """stem, inverted residuals, 1x1 convolution, mean over space, head."""

    def __init__(
        self, config: MobileNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
    ) -> None:
        super().__init__()
        stem = nn.Conv2d(shape[0], config.stem, 3, config.stem_stride, 1, bias=False)
        parts: list[nn.Module] = [stem, norm_act(config.stem)]
        channels, expansion = config.stem, config.first_expansion or config.expansion
        stages = zip(config.widths, config.depths, config.strides, strict=True)
        for width, depth, stride in stages:
            for index in range(depth):
                step = stride if index == 0 else 1
                parts.append(InvertedResidual(norm_act, channels, width, step, expansion))
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
    config: MobileNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return MobileNet(config, norm_act, shape, classes)
