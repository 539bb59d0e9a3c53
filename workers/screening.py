"""Screening: the checks that need no training, cheap first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from search_spaces.graph import Graph
from search_spaces.layer import plain_layer_class
from search_spaces.primitives import MOMENTS
from search_spaces.properties import structure
from search_spaces.requirements import unmet_by
from search_spaces.space import SearchSpace
from workers.probe import ProbeValues, probe
from workers.probe_inputs import unit_inputs
from workers.stack_probe import StackConfig, stack_failure

REQUIREMENT = "requirement"  # with the name of the requirement behind it

# Every check by name, in the order in which they are made; `duplicate` is the driver's, who knows
# the history.
CHECKS: dict[str, str] = {
    "no path": "no element-wise path from x to the output",
    REQUIREMENT: "does not meet a requirement of the space or run",
    "not finite": "values or gradients that are not finite on the probe",
    "constant": "output does not vary within a channel",
    "too large": "output too large or too small on the probe",
    "gradient": "input gradient too large or too small on the probe",
    "affine": "affine within each channel of each sample: it normalizes but does not activate",
    "stack": "signal or gradient out of bounds, or inputs no longer apart, in a deep random stack",
    "duplicate": "computes the same as an earlier candidate",
}


_ROUNDING = 1e-12  # of squares, in float64


@dataclass(frozen=True, slots=True)
class ScreeningConfig:
    """output, gradient: largest root mean square on the unit-sized probe, and the inverse of the
    smallest.

    variation: smallest standard deviation within a channel, relative to the output's root mean
    square. reject_affine:
    whether a layer must bend; off where the network keeps an activation of its own.
    """

    output: float = 1e3
    gradient: float = 1e3
    variation: float = 1e-3
    reject_affine: bool = True
    stack: StackConfig = field(default_factory=StackConfig)


def screen(
    graph: Graph, space: SearchSpace, config: ScreeningConfig, digest: str | None = None
) -> str | None:
    """Name of the first check that a canonical graph fails, None if it passes all.

    A requirement is named behind its check: "requirement causal". A known digest saves time.
    """
    failed = static_failure(graph, space, config)
    if failed is not None:
        return failed
    layer = plain_layer_class(graph, digest)
    failed = probe_failure(layer, config)
    if failed is not None:
        return failed
    return "stack" if stack_failure(layer, config.stack) is not None else None


def static_failure(graph: Graph, space: SearchSpace, config: ScreeningConfig) -> str | None:
    """Name of the first check that a canonical graph fails on paper, None if it passes them."""
    found = structure(graph)
    if not found.elementwise_path:
        return "no path"
    missed = unmet_by(graph, space.requirements)
    if missed is not None:
        return f"{REQUIREMENT} {missed}"
    if config.reject_affine and found.only_normalizes and not _compares_channels(graph):
        return "affine"
    return None


def _compares_channels(graph: Graph) -> bool:
    """Whether statistics differ from position to position, and bend each channel on its own."""
    return any(MOMENTS[node.op][1] in ("c", "g") for node in graph.nodes if node.op in MOMENTS)


def probe_failure(layer_class: type[nn.Module], config: ScreeningConfig) -> str | None:
    """Name of the first check that a layer fails on the probe, None if it passes them."""
    values = probe(layer_class, unit_inputs())
    blocks = (values.output, values.gradient, values.evaluated)
    if not all(np.isfinite(block).all() for block in blocks):
        return "not finite"
    size, gradient, evaluated = (_rms(block) for block in blocks)
    within = values.output - values.output.mean((0, 2, 3), keepdims=True)
    if _rms(within) < config.variation * size or size == 0.0:
        return "constant"
    if not all(1 / config.output < value < config.output for value in (size, evaluated)):
        return "too large"
    if not 1 / config.gradient < gradient < config.gradient:
        return "gradient"
    return "affine" if config.reject_affine and _is_affine(values) else None


def _is_affine(values: ProbeValues) -> bool:
    """Whether one straight line a channel and sample leads from the input to the output."""
    rows = (values.x.shape[0] * values.x.shape[1], -1)
    x, y = (v.reshape(rows) for v in (values.x, values.output))
    x, y = (v - v.mean(1, keepdims=True) for v in (x, y))
    slope = (x * y).sum(1, keepdims=True) / np.square(x).sum(1, keepdims=True)
    return _rms(y - slope * x) ** 2 < _ROUNDING * _rms(y) ** 2


def _rms(values: NDArray[np.float64]) -> float:
    """Root mean square; infinity if the squares are too large."""
    return math.sqrt(float(np.vdot(values, values)) / values.size)
