"""A layer in evaluation mode as a `torch.export` program, of any batch and size."""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor, nn

PROGRAM_NAME = "layer.pt2"
_SHAPE = (4, 6, 5)  # batch, height and width of the example: none is 1, which would be fixed
LEAST = 2  # of each of them in a program


def program_bytes(layer: nn.Module, channels: int) -> bytes:
    """The saved program of a layer in evaluation mode; `torch.export.load` reads it.

    Batch, height and width are free, from LEAST upwards.
    """
    batch, height, width = (torch.export.Dim(name, min=LEAST) for name in ("batch", "h", "w"))
    x = example(channels)
    program = torch.export.export(
        layer.eval(), (x,), dynamic_shapes=({0: batch, 2: height, 3: width},)
    )
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="torch")
        torch.export.save(program, file)
    return file.getvalue()


def program_note(layer: nn.Module, channels: int) -> str:
    """What the card says of it."""
    return (
        f"`{PROGRAM_NAME}`: `torch.export` program, evaluation mode, {sizes(layer, channels)}, "
        f"batch, height and width from {LEAST} upwards, weights as they start; read it with "
        "`torch.export.load`."
    )


def sizes(layer: nn.Module, channels: int) -> str:
    """The channels of a layer, and its groups if it has any."""
    groups = getattr(layer, "groups", None)
    return f"{channels} channels" if groups is None else f"{channels} channels in groups={groups}"


def example(channels: int, shape: tuple[int, int, int] = _SHAPE) -> Tensor:
    """Images of a batch, height and width."""
    batch, height, width = shape
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, channels, height, width, generator=generator)
