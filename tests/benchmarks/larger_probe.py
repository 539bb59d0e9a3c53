"""A larger probe, to judge fingerprints by: another shape, seven kinds of inputs, more steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.fingerprint import Fingerprint
from workers.probe import probe
from workers.probe_inputs import ProbeInputs

_SHAPE = (7, 15, 4, 3)
_GROUPS = 3
_PROJECTIONS = 8
_SAMPLES = 24  # of output, gradient and evaluation each, in each run


@dataclass(frozen=True, slots=True)
class _Run:
    """Scale of the input; deviation of the logarithms of the samples' and the channels' sizes;
    deviation of the means of channels, of samples, and of channels in each sample, all relative.
    """

    scale: float
    sizes: float = 0.0
    channels: float = 0.4
    samples: float = 0.0
    both: float = 0.0


_RUNS = (
    _Run(0.2),
    _Run(1.3),
    _Run(6.0),
    _Run(1.0, sizes=1.2, channels=0.0, both=1.0),
    _Run(0.7, sizes=1.2, channels=2.0, both=0.3),
    _Run(3.0, sizes=0.6, channels=1.0, both=1.0),
    _Run(0.8, sizes=0.6, channels=0.5, samples=2.0, both=0.5),
)


def larger_fingerprint(layer_class: type[nn.Module]) -> Fingerprint:
    """As `fingerprint`, on the larger probe; the last number is infinite if values are so large
    that rounding decides.
    """
    blocks = np.concatenate([_values(layer_class, run) for run in range(len(_RUNS))])
    finite = np.isfinite(blocks)
    blocks = np.where(finite, blocks, 0.0)
    samples = blocks[:, :: blocks.shape[1] // _SAMPLES][:, :_SAMPLES]
    numbers = np.concatenate((np.arcsinh(blocks) @ _projections(), samples), axis=1)
    broken = float((~finite).sum()) if np.abs(blocks).max() < 1e9 else float("inf")
    return (*numbers.ravel().tolist(), broken)


def _values(layer_class: type[nn.Module], run: int) -> NDArray[np.float64]:
    found = probe(layer_class, _inputs(run))
    return np.stack((found.output, found.gradient, found.evaluated)).reshape(3, -1)


@cache
def _inputs(number: int) -> ProbeInputs:
    run = _RUNS[number]
    batch, channels = _SHAPE[:2]
    generator = torch.Generator().manual_seed(31 + number)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    factor = torch.exp(run.sizes * (normal(batch, 1, 1, 1) + normal(1, channels, 1, 1)))
    mean = run.channels * normal(1, channels, 1, 1) + run.both * normal(batch, channels, 1, 1)
    mean += run.samples * normal(batch, 1, 1, 1)
    x, unseen = (run.scale * (factor * normal(*_SHAPE) + mean) for _ in range(2))
    return ProbeInputs(x, normal(*_SHAPE), unseen, _GROUPS, steps=2 + number % 4)


@cache
def _projections() -> NDArray[np.float64]:
    size = int(np.prod(_SHAPE))
    return np.random.default_rng(8).normal(size=(size, _PROJECTIONS)) / size**0.5
