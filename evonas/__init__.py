"""The search itself and what the user sees: configuration, evolution, export, command line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evonas.api.dataframe import to_dataframe
    from evonas.api.export import export
    from evonas.api.layer import Layer
    from evonas.api.rerank import rerank
    from evonas.api.score import score
    from evonas.api.search import search
    from evonas.swaps.swap import swap

# What the package offers and where it is; modules are imported when they are asked for, because
# they import torch. No module of the package has one of these names: it would take their place.
_OFFERED = {
    "Layer": "evonas.api.layer",
    "export": "evonas.api.export",
    "rerank": "evonas.api.rerank",
    "score": "evonas.api.score",
    "search": "evonas.api.search",
    "swap": "evonas.swaps.swap",
    "to_dataframe": "evonas.api.dataframe",
}

__all__ = ["Layer", "export", "rerank", "score", "search", "swap", "to_dataframe"]


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    """What is offered, and the dunders: submodules appear among the globals once imported."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
