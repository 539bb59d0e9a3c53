"""What a layer does when its input is changed, to hold against what is claimed of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from search_spaces.graph import Graph
from tests.support.layers import CHANNELS, GROUPS, literal

# Small, for claims hold up to the epsilon; not below the rounding of squares in float64.
EPS = 1e-14
_SHAPE = (3, CHANNELS, 2, 3)
_LARGEST = 1e4


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What was seen; `degree` is None if no degree fits."""

    depends_on_x: bool
    batch_independent: bool
    causal: bool
    channels_apart: bool
    affine: bool
    degree: float | None
    shift_invariant: bool


def behaviour(graph: Graph, seed: int, scale: float = 1.0, offset: float = 0.0) -> Behaviour | None:
    """The behaviour of a graph with random parameters, None if its numbers are not moderate."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*leave one channel a group")
        layer = literal(graph)(CHANNELS, groups=GROUPS, eps=EPS, dtype=torch.float64).double()
    for name, parameter in layer.named_parameters():
        if name not in ("weight", "bias"):
            parameter.data = torch.from_numpy(rng.normal(size=parameter.shape))
    x, other = (torch.from_numpy(rng.normal(offset, scale, _SHAPE)) for _ in range(2))
    y = run(layer, x)
    z = run(layer, other)
    if not moderate(y) or not moderate(z) or not y.abs().max() > 1e-3:
        return None
    size = float(y.abs().max())
    return Behaviour(
        depends_on_x=not same(y, z, size),
        batch_independent=_kept(layer, x, other, y, 0) and same(run(layer, x, False), y, size),
        causal=_is_causal(layer, x, other),
        channels_apart=_kept(layer, x, other, y, 1),
        affine=_is_affine(layer, x, other, y, z),
        degree=_degree(layer, x, y),
        shift_invariant=all(same(run(layer, x + c), y, size) for c in (0.7, -1.3)),
    )


def run(layer: nn.Module, x: torch.Tensor, training: bool = True) -> torch.Tensor:
    with torch.no_grad():
        value: torch.Tensor = layer.train(training)(x)
    return value


def moderate(y: torch.Tensor) -> bool:
    return bool(y.isfinite().all()) and float(y.abs().max()) < _LARGEST


def same(a: torch.Tensor, b: torch.Tensor, size: float) -> bool:
    """Equal up to rounding and the epsilon; False if not finite."""
    return bool(((a - b).abs() <= 1e-5 * max(size, 1e-3)).all())


def _kept(
    layer: nn.Module, x: torch.Tensor, other: torch.Tensor, y: torch.Tensor, dim: int
) -> bool:
    """Whether a change of the later slices along `dim` leaves the first one alone."""
    changed = x.clone()
    index = (slice(1, None),) if dim == 0 else (slice(None), slice(1, None))
    changed[index] = other[index]
    first = (slice(0, 1),) if dim == 0 else (slice(None), slice(0, 1))
    return same(run(layer, changed)[first], y[first], float(y.abs().max()))


def _is_causal(layer: nn.Module, x: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether a change of later tokens leaves earlier ones alone."""
    tokens, changed = x.flatten(2).transpose(1, 2), other.flatten(2).transpose(1, 2).clone()
    changed[:, :3] = tokens[:, :3]
    y = run(layer, tokens)
    return same(run(layer, changed)[:, :3], y[:, :3], float(y.abs().max()))


def _is_affine(
    layer: nn.Module, x: torch.Tensor, other: torch.Tensor, y: torch.Tensor, z: torch.Tensor
) -> bool:
    size = float(max(y.abs().max(), z.abs().max()))
    return all(
        same(run(layer, t * x + (1 - t) * other), t * y + (1 - t) * z, size) for t in (0.3, 1.7)
    )


def _degree(layer: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float | None:
    """The degree that fits at three scales."""
    doubled = run(layer, 2 * x)
    if not bool(doubled.isfinite().all()) or float(doubled.abs().max()) == 0:
        return None
    degree = round(32 * float(torch.log2(doubled.norm() / y.norm()))) / 32
    for k in (2.0, 0.5, 3.0):
        expected = k**degree * y
        if not same(run(layer, k * x), expected, float(expected.abs().max())):
            return None
    return degree
