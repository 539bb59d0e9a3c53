"""Screening: the checks that need no training, cheap first."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from search_spaces.graph import Graph
from search_spaces.primitives import MOMENTS
from search_spaces.properties import structure
from search_spaces.requirements import unmet_by
from search_spaces.space import SearchSpace
from workers.probe import ProbeValues, build_probe_layer, probe
from workers.stack_probe import StackConfig, stack_failure

# Every check by name, in the order in which they are made; `duplicate` is the driver's, who knows
# the history.
CHECKS: dict[str, str] = {
    "no path": "no element-wise path from x to the output",
    "requirement": "does not meet a requirement of the space",
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


def screen(graph: Graph, space: SearchSpace, config: ScreeningConfig) -> str | None:
    """Name of the first check that a canonical graph fails, None if it passes all."""
    found = structure(graph)
    if not found.elementwise_path:
        return "no path"
    if unmet_by(graph, space.requirements) is not None:
        return "requirement"
    if config.reject_affine and found.only_normalizes and not _compares_channels(graph):
        return "affine"
    failed = _numeric_failure(probe(build_probe_layer(graph), random_parameters=False), config)
    if failed is not None:
        return failed
    return "stack" if stack_failure(graph, config.stack) is not None else None


def _compares_channels(graph: Graph) -> bool:
    """Whether statistics differ from position to position, and bend each channel on its own."""
    return any(MOMENTS[node.op][1] in ("c", "g") for node in graph.nodes if node.op in MOMENTS)


def _numeric_failure(values: ProbeValues, config: ScreeningConfig) -> str | None:
    blocks = torch.stack((values.output, values.gradient, values.evaluated))
    if not bool(torch.isfinite(blocks).all()):
        return "not finite"
    size, gradient, evaluated = blocks.square().mean((1, 2, 3, 4)).sqrt().tolist()
    within = values.output - values.output.mean((0, 2, 3), keepdim=True)
    if float(within.square().mean().sqrt()) < config.variation * size or size == 0.0:
        return "constant"
    if not all(1 / config.output < value < config.output for value in (size, evaluated)):
        return "too large"
    if not 1 / config.gradient < gradient < config.gradient:
        return "gradient"
    return "affine" if config.reject_affine and _is_affine(values) else None


def _is_affine(values: ProbeValues) -> bool:
    """Whether one straight line a channel and sample leads from the input to the output."""
    x, y = (v.flatten(2) - v.flatten(2).mean(2, keepdim=True) for v in (values.x, values.output))
    slope = (x * y).sum(2, keepdim=True) / x.square().sum(2, keepdim=True)
    off_line = (y - slope * x).square().mean()
    return bool(off_line < _ROUNDING * y.square().mean())
