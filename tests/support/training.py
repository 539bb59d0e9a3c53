"""A few steps of training on one batch, for models of other libraries."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


def losses(
    model: nn.Module, loss: Callable[[], Tensor], steps: int = 4, rate: float = 0.0003
) -> list[float]:
    """The loss before each step of Adam; every parameter that needs a gradient has one."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    values = []
    for _ in range(steps):
        value = loss()
        optimizer.zero_grad()
        value.backward()
        missing = [
            name
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
            and (parameter.grad is None or not parameter.grad.isfinite().all())
        ]
        assert not missing, missing
        optimizer.step()
        values.append(value.item())
    return values


def classifies(model: nn.Module, size: int = 32, batch: int = 4) -> Callable[[], Tensor]:
    """The loss of a classifier of images of `size` into 4 classes, on one batch."""
    images = torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(batch) % 4
    return lambda: functional.cross_entropy(model(images), labels)


def assert_learns(model: nn.Module, loss: Callable[[], Tensor], steps: int = 4) -> None:
    """The loss is finite at every step and lower after the last than at the first."""
    torch.manual_seed(0)
    values = losses(model, loss, steps)
    assert all(abs(value) < 1e6 for value in values), values
    assert values[-1] < values[0], values
