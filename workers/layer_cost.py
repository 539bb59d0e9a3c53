"""What a layer costs in training on this machine: time of a step, and bytes kept between passes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Layer = Callable[[Tensor], Tensor]
Summary = Callable[[Sequence[float]], float]

_WARM_UP = 2  # rounds that do not count


def train_step(layer: nn.Module, call: Layer, x: Tensor, gradient: Tensor) -> None:
    """One forward and backward pass of a layer that is called as `call`."""
    torch.autograd.grad(call(x), [x, *layer.parameters()], gradient)


def step_times(
    layers: Sequence[tuple[nn.Module, Layer]],
    shape: tuple[int, ...],
    rounds: int,
    summary: Summary = statistics.median,
) -> list[float]:
    """Milliseconds of processor time of a step of each layer: taken in turns, the medians."""
    x, gradient = torch.randn(shape, requires_grad=True), torch.randn(shape)
    seconds: list[list[float]] = [[] for _ in layers]
    for round_ in range(rounds + _WARM_UP):
        for (layer, call), measured in zip(layers, seconds, strict=True):
            start = time.thread_time()
            train_step(layer, call, x, gradient)
            if round_ >= _WARM_UP:
                measured.append(time.thread_time() - start)
    return [1e3 * summary(measured) for measured in seconds]


def kept(layer: nn.Module, shape: tuple[int, ...]) -> float:
    """Bytes that a step keeps for its backward pass, parameters aside, over those of the input."""
    x = torch.randn(shape, requires_grad=True)
    parameters = {p.untyped_storage().data_ptr() for p in layer.parameters()}
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x)
    held = sum(size for pointer, size in sizes.items() if pointer not in parameters)
    return held / x.untyped_storage().nbytes()
