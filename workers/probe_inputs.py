"""The fixed inputs of the probes: of unit size for screening, of many for fingerprints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ProbeInputs:
    """Input, output gradient, (B, C, H, W), and an input for evaluation, in float64.

    `steps`: of training, before anything is measured. Batch > 1, height other than width, several
    channels a group.
    """

    x: Tensor
    cotangent: Tensor
    unseen: Tensor
    groups: int
    steps: int = 0


@cache
def unit_inputs() -> ProbeInputs:
    """Channels have means and sizes of their own, near 0 and 1."""
    shape = (4, 8, 5, 3)
    draw = _Draw(20200406)
    scale = 0.5 + draw.uniform(1, shape[1], 1, 1)
    shift = 0.5 * draw.normal(1, shape[1], 1, 1)
    x, cotangent, unseen = (draw.normal(*shape) for _ in range(3))
    return ProbeInputs(x * scale + shift, cotangent, unseen, groups=2)


@cache
def varied_inputs() -> ProbeInputs:
    """Samples and channels of sizes from 0.1 to 6 and 0.05 to 2, a third of them off centre.

    So layers that differ in some range only, as max(std[s](x), 0.1) and std[s](x) do, differ here.
    One channel hardly varies: its mean is above its deviation over the batch. Groups and whole
    samples are off centre in evaluation only, or no deviation over the batch would be small.
    """
    batch, channels, height, width = 12, 12, 3, 2
    groups = 3
    draw = _Draw(1)
    size = draw.sizes(channels, 0.05, 2.0)
    steady = torch.arange(channels) == 1
    size[steady] = 0.02
    quiet = torch.arange(channels) % 4 == 1  # one a group, which no sample moves off centre
    size, steady, quiet = (values.view(1, -1, 1, 1) for values in (size, steady, quiet))

    def batch_of(centre: Tensor, steady_mean: float) -> Tensor:
        samples = draw.sizes(batch, 0.1, 6.0).view(-1, 1, 1, 1)
        varied = size * draw.normal(batch, channels, height, width) + centre * ~steady
        return samples * varied + steady_mean * steady

    x = batch_of(draw.some(0.35, batch, channels, 1, 1) * ~quiet, steady_mean=1.3)
    centred = batch_of(draw.some(0.35, batch, channels, 1, 1), steady_mean=0.0)
    of_samples = torch.tensor((4.0, 0.0, -4.0)).repeat(batch // 3).view(-1, 1, 1, 1)
    off_centre = draw.some(0.35, batch, channels, 1, 1) + of_samples
    of_groups = draw.some(0.4, batch, groups, 1, 1).repeat_interleave(channels // groups, 1)
    unseen = torch.cat((centred, batch_of(off_centre + of_groups, steady_mean=-2.0)))
    cotangent = draw.normal(batch, channels, height, width)
    return ProbeInputs(x, cotangent, unseen, groups, steps=2)


class _Draw:
    """Random float64 tensors from one seed."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, dtype=torch.float64)

    def some(self, share: float, *shape: int) -> Tensor:
        """Normal with deviation 1.5 for a share of the entries, 0 for the others."""
        return (self.uniform(*shape) < share) * 1.5 * self.normal(*shape)

    def sizes(self, count: int, least: float, most: float) -> Tensor:
        """From least to most in equal ratios, in random order."""
        logs = torch.linspace(math.log(least), math.log(most), count, dtype=torch.float64)
        return logs.exp()[torch.randperm(count, generator=self.generator)]
