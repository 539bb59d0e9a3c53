"""Functions that can be primitives, as a user writes them, and how to make them known."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from search_spaces.own_primitive import primitive
from tests.support import own_helper

SLOPE = 0.25
HERE = __name__


def mish(x: torch.Tensor) -> torch.Tensor:
    """Mish, by Misra."""
    return x * torch.tanh(F.softplus(x))


@primitive(odd=True, degree=3)
def cubic(x: Tensor) -> Tensor:
    squared: Tensor = torch.square(x)
    return x * squared


@primitive(even=True, positive=True)
def bump(x: Tensor, width: float = 2.0) -> Tensor:
    # Never below the floor.
    return torch.exp(-torch.square(x) / width) + 1 / math.pi


@primitive(commutative=True, degree=1)
def geometric(a: Tensor, b: Tensor) -> Tensor:
    """The root of the mean square."""
    return torch.sqrt(0.5 * (torch.square(a) + torch.square(b)))


def gate(a: Tensor, b: Tensor) -> Tensor:
    return a * torch.sigmoid(b)


def leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, SLOPE * x)


def helped(x: Tensor) -> Tensor:
    return own_helper.soften(x)


def blended(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return a * torch.sigmoid(c) + b * torch.sigmoid(-c)


INLINED = tuple(
    f"{HERE}:{name}" for name in ("mish", "cubic", "bump", "geometric", "gate", "blended")
)
ALL = (*INLINED, f"{HERE}:leaky", f"{HERE}:helped")
