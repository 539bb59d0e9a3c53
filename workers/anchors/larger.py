"""Anchors made deeper and wider, to hold out what a search did not train."""

from __future__ import annotations

import math
from dataclasses import replace

from workers.anchors import (
    EfficientNetConfig,
    GPTConfig,
    MobileNetConfig,
    NetworkConfig,
    ResNetConfig,
    ViTConfig,
)

_DEEPER, _WIDER = 1.5, 1.25
_CHANNELS = 4  # widths are multiples of it, so that groups divide them


def size(network: NetworkConfig) -> tuple[int, int] | None:
    """Blocks, and channels summed over the stages; None for a network of the user's own."""
    match network:
        case ResNetConfig() | MobileNetConfig() | EfficientNetConfig():
            return sum(network.depths), sum(network.widths)
        case ViTConfig() | GPTConfig():
            return network.depth, network.width
    return None


def is_larger(network: NetworkConfig, other: NetworkConfig) -> bool:
    """Whether it is deeper or wider than another network of its kind, and neither the reverse."""
    own, others = size(network), size(other)
    if own is None or others is None:
        return False
    return own != others and all(a >= b for a, b in zip(own, others, strict=True))


def larger(network: NetworkConfig) -> NetworkConfig:
    """Half as many blocks again, a quarter as many channels; one of the user's own as it is."""
    match network:
        case ResNetConfig() | MobileNetConfig() | EfficientNetConfig():
            widths = tuple(_wider(width) for width in network.widths)
            depths = tuple(_deeper(depth) for depth in network.depths)
            return replace(network, widths=widths, depths=depths)
        case ViTConfig() | GPTConfig():
            # Wider by heads of the same width, so that they divide it.
            heads = math.ceil(_WIDER * network.heads)
            width = network.width // network.heads * heads
            return replace(network, depth=_deeper(network.depth), width=width, heads=heads)
    return network


def _deeper(blocks: int) -> int:
    return math.ceil(_DEEPER * blocks)


def _wider(channels: int) -> int:
    return _CHANNELS * math.ceil(_WIDER * channels / _CHANNELS)
