"""What is measured of a layer when it is exported, beside layers that people know."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from search_spaces.canonical import canonical
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.properties import properties
from search_spaces.zoo import zoo_graph
from workers.batch_sensitivity import batch_noise, samples
from workers.evaluation import hardware_class
from workers.layer_cost import kept, step_times
from workers.low_precision import PrecisionRun, precision_runs
from workers.threads import one_thread

SHAPE = (32, 64, 28, 28)
GROUPS = 8
ROUNDS = 9
LONG = 1000  # steps of the trainings in low precision


@dataclass(frozen=True, slots=True)
class Cost:
    """milliseconds: of one forward and backward pass; kept: for the backward pass, in inputs."""

    name: str
    milliseconds: float
    kept: float


@dataclass(frozen=True, slots=True)
class Measurements:
    """noise: by name and batch size, empty for a layer that does not mix the batch."""

    machine: str
    costs: tuple[Cost, ...]
    noise: dict[str, dict[int, float]]
    precision: tuple[PrecisionRun, ...]
    steps: int


def measure(graph: Graph, steps: int = LONG) -> Measurements:
    """Measurements of the layer of a graph, on one thread of this machine; some ten seconds."""
    layer = partial(layer_class(graph))
    with warnings.catch_warnings(), one_thread():
        warnings.filterwarnings("ignore", message=".*leave one channel a group")
        return Measurements(
            f"{hardware_class()}, torch {torch.__version__}, Python {platform.python_version()}",
            _costs(layer),
            _noise(graph),
            tuple(precision_runs(layer, steps)),
            steps,
        )


def _costs(layer: Callable[..., nn.Module]) -> tuple[Cost, ...]:
    channels = SHAPE[1]
    layers = {
        "this layer": layer(channels, groups=GROUPS),
        "nn.BatchNorm2d, nn.ReLU": nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()),
        "nn.GroupNorm, nn.ReLU": nn.Sequential(nn.GroupNorm(GROUPS, channels), nn.ReLU()),
    }
    times = step_times([(each, each) for each in layers.values()], SHAPE, ROUNDS)
    return tuple(
        Cost(name, milliseconds, kept(each, SHAPE))
        for (name, each), milliseconds in zip(layers.items(), times, strict=True)
    )


def _noise(graph: Graph) -> dict[str, dict[int, float]]:
    if not properties(graph).mixes_batch:
        return {}
    channels = samples().shape[1]
    graphs = {"this layer": graph, "BN-ReLU": canonical(zoo_graph("BN-ReLU"))}
    return {
        name: batch_noise(layer_class(each)(channels, groups=GROUPS))
        for name, each in graphs.items()
    }
