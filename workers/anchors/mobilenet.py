"""MobileNetV2: inverted residuals with linear bottlenecks (Sandler et al. 2018, section 3)."""

from dataclasses import dataclass

from torch import nn

from workers.anchors.inverted import InvertedResidualNetwork
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


def build(
    config: MobileNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return InvertedResidualNetwork(
        config,
        norm_act,
        shape[0],
        classes,
        kernels=[3] * len(config.widths),
        first_expansion=config.first_expansion or config.expansion,
    )
