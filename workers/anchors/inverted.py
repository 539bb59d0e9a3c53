"""Networks of inverted residuals with linear bottlenecks (Sandler et al. 2018, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from workers.anchors.weights import NormAct

if TYPE_CHECKING:
    from workers.anchors.efficientnet import EfficientNetConfig
    from workers.anchors.mobilenet import MobileNetConfig


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


class InvertedResidual(nn.Module):
    """1x1 expand, depthwise, squeeze-and-excitation if wanted, 1x1 project without activation.

    squeeze: channels of the squeeze as a share of the inputs, None for none.
    """

    def __init__(
        self,
        norm_act: NormAct,
        inputs: int,
        outputs: int,
        stride: int,
        kernel: int,
        expansion: int,
        squeeze: float | None,
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        parts: list[nn.Module] = []
        if expansion > 1:
            parts += [nn.Conv2d(inputs, hidden, 1, bias=False), norm_act(hidden)]
        depthwise = nn.Conv2d(
            hidden, hidden, kernel, stride, kernel // 2, groups=hidden, bias=False
        )
        parts += [depthwise, norm_act(hidden)]
        if squeeze is not None:
            parts.append(SqueezeExcitation(hidden, max(1, int(inputs * squeeze))))
        parts += [nn.Conv2d(hidden, outputs, 1, bias=False), norm_act(outputs, apply_act=False)]
        self.parts = nn.Sequential(*parts)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.parts(x)
        return x + y if self.residual else y


class InvertedResidualNetwork(nn.Module):
    """stem, stages of inverted residuals, 1x1 convolution, mean over space, head.

    kernels: side of the depthwise convolutions, one a stage; first_expansion: of the first stage;
    squeeze: as in InvertedResidual.
    """

    def __init__(
        self,
        config: EfficientNetConfig | MobileNetConfig,
        norm_act: NormAct,
        channels: int,
        classes: int,
        *,
        kernels: Sequence[int],
        first_expansion: int,
        squeeze: float | None = None,
    ) -> None:
        super().__init__()
        first = nn.Conv2d(channels, config.stem, 3, config.stem_stride, 1, bias=False)
        parts: list[nn.Module] = [first, norm_act(config.stem)]
        inputs = config.stem
        expansions = [first_expansion, *[config.expansion] * (len(config.widths) - 1)]
        stages = zip(config.widths, config.depths, config.strides, kernels, expansions, strict=True)
        for width, depth, stride, kernel, expansion in stages:
            for index in range(depth):
                step = stride if index == 0 else 1
                parts.append(
                    InvertedResidual(norm_act, inputs, width, step, kernel, expansion, squeeze)
                )
                inputs = width
        parts += [nn.Conv2d(inputs, config.head, 1, bias=False), norm_act(config.head)]
        self.parts = nn.Sequential(*parts)
        self.head = nn.Linear(config.head, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to logits (B, classes)."""
        y: Tensor = self.parts(x)
        logits: Tensor = self.head(y.mean((2, 3)))
        return logits
