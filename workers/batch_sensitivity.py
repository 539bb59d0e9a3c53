"""How much a layer's output on a sample depends on which others are in its batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIZES = (2, 4, 8, 16, 32)
SAMPLES = 256
_CHANNELS, _SIDE = 16, 8


def batch_noise(layer: nn.Module) -> dict[int, float]:
    """By batch size: how far outputs in training are from those in one batch of all samples.

    As the root mean square of the difference over that of the output. The layer has the channels
    that `samples` have. Samples differ in mean and scale, as images do.
    """
    x = samples()
    with torch.no_grad():
        layer.train()
        whole = layer(x)
        found = {}
        for size in SIZES:
            parts = torch.cat([layer(part) for part in torch.split(x, size)])
            found[size] = float((parts - whole).square().mean() / whole.square().mean()) ** 0.5
    return found


def samples() -> Tensor:
    """(SAMPLES, C, H, W): normal, with a mean (std 0.5) and a scale (log-std 0.5) of each sample
    and channel.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (SAMPLES, _CHANNELS, _SIDE, _SIDE)
    x = torch.randn(shape, generator=generator)
    mean, scale = (0.5 * torch.randn((*shape[:2], 1, 1), generator=generator) for _ in range(2))
    return mean + scale.exp() * x
