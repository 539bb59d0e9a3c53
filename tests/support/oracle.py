"""A slow reference of the layer language: every value at full size in float64, nothing shared.

It shares no code with the generator: a moment averages over all axes of its index set, whatever its
argument varies along, and which moments keep running estimates is found from the graph here.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from search_spaces.graph import Graph

_EPS = 1e-5
# Dimensions of (B, G, C / G, S) that an index set averages over.
_DIMS = {"bs": (0, 3), "s": (3,), "sc": (1, 2, 3), "sg": (2, 3), "c": (1, 2), "g": (2,)}

_UNARY: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "neg": lambda y: -1.0 * y,
    "sigmoid": lambda y: 0.5 * (1 + torch.tanh(y / 2)),
    "tanh": lambda y: torch.tanh(y),
    "exp": lambda y: torch.exp(y),
    "log": lambda y: torch.sgn(y) * torch.log(y.abs() + _EPS),
    "abs": lambda y: y.abs(),
    "square": lambda y: y**2,
    "sqrt": lambda y: torch.sgn(y) * (y.abs() + _EPS) ** 0.5,
    "erf": lambda y: torch.erf(y),
    "softplus": lambda y: torch.where(y > 20, y, torch.log1p(torch.exp(y.clamp(max=20)))),
    "relu": lambda y: torch.where(y > 0, y, 0.0),
    "rsqrt": lambda y: 1 / (y.abs() + _EPS) ** 0.5,
}
_BINARY: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "max": lambda a, b: torch.where(a == b, (a + b) / 2, torch.where(a > b, a, b)),
    "min": lambda a, b: torch.where(a == b, (a + b) / 2, torch.where(a < b, a, b)),
}


class Oracle:
    """A layer; `running` maps a position to the estimate of its moment, for one sample."""

    def __init__(self, graph: Graph, groups: int) -> None:
        self.graph = graph
        self.groups = groups
        self.running: dict[int, torch.Tensor] = {}

    def __call__(
        self, x: torch.Tensor, vectors: dict[str, torch.Tensor], training: bool
    ) -> torch.Tensor:
        """The value for images (B, C, H, W) in float64; `vectors` has weight, bias, v0, ..."""
        batch, channels = x.shape[:2]
        shape = (batch, self.groups, channels // self.groups, x[0, 0].numel())
        full = {
            name: vectors[name].reshape(1, -1, 1).expand(batch, channels, shape[3]).reshape(shape)
            if len(vectors[name]) > 1
            else vectors[name].expand(shape)
            for name in vectors
        }
        values: list[torch.Tensor] = []
        varies: list[set[int]] = []  # dimensions that a value differs along
        for name in self.graph.initial:
            if name == "x":
                values.append(x.reshape(shape))
            elif name in full:
                values.append(full[name])
            else:
                values.append(torch.full(shape, float(name), dtype=torch.float64))
            varies.append(
                {0, 1, 2, 3} if name == "x" else {1, 2} if name in ("v0", "v1") else set()
            )
        for position, node in enumerate(self.graph.nodes, start=len(values)):
            inputs = [values[i] for i in node.inputs]
            differs = set().union(*(varies[i] for i in node.inputs))
            if "[" in node.op:
                dims = set(_DIMS[node.op.rstrip("]").split("[")[1]])
                value = self._moment(position, node.op, inputs[0], 0 in dims & differs, training)
                constant = node.op.startswith("std") and not dims & differs
                differs = set() if constant else differs - dims
            elif len(inputs) == 1:
                value = _UNARY[node.op](inputs[0])
            elif node.op == "max" and (zero := self._zero(node.inputs)) is not None:
                value = _UNARY["relu"](inputs[1 - zero])
            else:
                value = _BINARY[node.op](inputs[0], inputs[1])
            values.append(value)
            varies.append(differs)
        return (values[-1] * full["weight"] + full["bias"]).reshape(x.shape)

    def _zero(self, inputs: tuple[int, ...]) -> int | None:
        zeros = [
            k
            for k, i in enumerate(inputs)
            if i < len(self.graph.initial) and self.graph.initial[i] == "0"
        ]
        return zeros[0] if len(zeros) == 1 else None

    def _moment(
        self, position: int, op: str, y: torch.Tensor, over_batch: bool, training: bool
    ) -> torch.Tensor:
        kind, index_set = op.rstrip("]").split("[")
        dims = _DIMS[index_set]
        mean = y.mean(dims, keepdim=True)
        estimate = {
            "mean": mean,
            "std": ((y - mean) ** 2).mean(dims, keepdim=True),
            "rms": (y**2).mean(dims, keepdim=True),
        }[kind]
        if over_batch:
            estimate = estimate.expand(1, *y.shape[1:3], 1)
            start = torch.zeros_like if kind == "mean" else torch.ones_like
            running = self.running.setdefault(position, start(estimate.detach()))
            if training:
                self.running[position] = 0.9 * running + 0.1 * estimate.detach()
            else:
                estimate = running
        return (estimate if kind == "mean" else (estimate + _EPS) ** 0.5).expand(y.shape)
