"""EfficientNet: inverted residuals with squeeze-and-excitation (Tan and Le 2019, table 1)."""

from dataclasses import dataclass

from torch import nn

from workers.anchors.inverted import InvertedResidualNetwork
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


def build(
    config: EfficientNetConfig, norm_act: NormAct, shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """The network for images of `shape` (channels, height, width), its weights not drawn yet."""
    return InvertedResidualNetwork(
        config,
        norm_act,
        shape[0],
        classes,
        kernels=config.kernels,
        first_expansion=config.first_expansion,
        squeeze=config.squeeze,
    )
