"""The search itself and what the user sees: configuration, evolution, export, command line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evonas.swaps.swap import swap

# What the package offers and where it is; modules are imported when they are asked for, because
# they import torch.
_OFFERED = {"swap": "evonas.swaps.swap"}

__all__ = ["swap"]


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OFFERED})
