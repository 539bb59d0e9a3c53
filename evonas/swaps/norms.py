"""What a normalization module says of itself: channels, layout, whether an activation is inside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import nn
from torch.nn.parameter import is_lazy

_CHANNELS_FIRST = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
# Dimensions of the input by the end of the class name: BatchNorm2d takes images.
_DIMENSIONS = {"2d": 4, "3d": 5}
_KNOWN_LAST = re.compile(r"(layer|rms)_?norm", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Norm:
    """A normalization of `channels`; `obstacle` says why it cannot be replaced, "" if it can.

    `at_end`: whether channels are the last dimension, else the second; None if its class does not
    say. `ndim`: dimensions of its input, if its class says. `active`: an activation is inside.
    """

    channels: int = 0
    at_end: bool | None = None
    ndim: int | None = None
    active: bool = False
    obstacle: str = ""


def norm_of(module: nn.Module) -> Norm | None:
    """The module as a normalization, or None if it is none."""
    names = [base.__name__ for base in type(module).__mro__[:-2]]  # without nn.Module and object
    if hasattr(module, "apply_act") and not hasattr(module, "act"):
        return Norm(obstacle="a norm-act layer already")
    parts = {name: child for name, child in module.named_children() if name not in ("act", "drop")}
    if parts or not any("norm" in name.lower() for name in names):
        return None
    if any(is_lazy(p) for p in module.parameters()):
        return Norm(obstacle="not initialised yet: run the model once on an input")
    if not isinstance(getattr(module, "drop", nn.Identity()), nn.Identity):
        return Norm(obstacle="there is dropout inside it")
    channels = _channels(module)
    if not channels:
        return Norm(obstacle=_without_channels(module))
    act = getattr(module, "act", None)
    return Norm(
        channels=channels,
        at_end=_at_end(module, names),
        ndim=next((n for end, n in _DIMENSIONS.items() if end in names[0].lower()), None),
        active=isinstance(act, nn.Module) and not isinstance(act, nn.Identity),
    )


def _channels(module: nn.Module) -> int:
    """The number of channels; 0 if the module does not tell one."""
    for name in ("num_features", "num_channels"):
        if isinstance(number := getattr(module, name, None), int):
            return number
    shape = getattr(module, "normalized_shape", None)
    if shape is not None:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return int(shape[0]) if len(shape) == 1 else 0
    if _matrix(module):
        return 0
    scales = [p for p in module.parameters(recurse=False) if p.ndim == 1]
    sizes = {len(scale) for scale in scales}
    return sizes.pop() if len(sizes) == 1 else 0


def _matrix(module: nn.Module) -> tuple[int, ...]:
    """The shape of a parameter that has more than a number for each channel; () if none has."""
    shapes = (tuple(p.shape) for p in module.parameters(recurse=False))
    return next((shape for shape in shapes if sum(size > 1 for size in shape) > 1), ())


def _without_channels(module: nn.Module) -> str:
    shape = getattr(module, "normalized_shape", None)
    if shape is not None:
        return f"it has a weight for every position of {tuple(shape)}, not for every channel"
    if matrix := _matrix(module):
        return f"it has a parameter of {matrix}, so it does more than normalize"
    return "it does not tell its number of channels"


def _at_end(module: nn.Module, names: list[str]) -> bool | None:
    if isinstance(data_format := getattr(module, "data_format", None), str):
        return data_format == "channels_last"
    if isinstance(module, (*_CHANNELS_FIRST, nn.GroupNorm)) or re.search(r"\dd", names[0]):
        return False
    return True if any(_KNOWN_LAST.search(name) for name in names) else None
