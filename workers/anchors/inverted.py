"""Networks of inverted residuals with linear bottlenecks (Sandler et al. 2018, section 3)."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workers.anchors.weights import NormAct


class Stage(NamedTuple):
    """A row of blocks; stride: of the first of them, kernel: side of the depthwise convolution."""

    width: int
    depth: int
    stride: int
    kernel: int
    expansion: int


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
    """stem, inverted residuals, 1x1 convolution to `last` channels, mean over space, head."""

    def __init__(
        self,
        norm_act: NormAct,
        channels: int,
        classes: int,
        *,
        stem: int,
        stem_stride: int,
        stages: Iterable[Stage],
        last: int,
        squeeze: float | None = None,
    ) -> None:
        super().__init__()
        first = nn.Conv2d(channels, stem, 3, stem_stride, 1, bias=False)
        parts: list[nn.Module] = [first, norm_act(stem)]
        inputs = stem
        for width, depth, stride, kernel, expansion in stages:
            for index in range(depth):
                step = stride if index == 0 else 1
                parts.append(
                    InvertedResidual(norm_act, inputs, width, step, kernel, expansion, squeeze)
                )
                inputs = width
        parts += [nn.Conv2d(inputs, last, 1, bias=False), norm_act(last)]
        self.parts = nn.Sequential(*parts)
        self.head = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to logits (B, classes)."""
        y: Tensor = self.parts(x)
        logits: Tensor = self.head(y.mean((2, 3)))
        return logits
