"""Published results of known layers, to hold the order of a proxy against."""

from __future__ import annotations

# ImageNet top-1 in percent on ResNet-50 and MobileNetV2 at full size (Liu et al. 2020, as recalled
# and cross-checked; the paper's text was not at hand).
IMAGENET: dict[str, tuple[float, float]] = {
    "BN-ReLU": (76.3, 73.4),
    "BN-SiLU": (76.6, 74.5),
    "EvoNorm-B0": (76.6, 75.0),
    "GN-ReLU": (75.3, 72.2),
    "EvoNorm-S0": (76.1, 73.9),
}


def published_mean(name: str) -> float | None:
    """Mean over both networks, None if there is no published result here."""
    return sum(IMAGENET[name]) / 2 if name in IMAGENET else None
