"""timm's layers; they import torchvision, whose operators may not fit the torch at hand."""

from __future__ import annotations

import importlib
from types import ModuleType

import torch


def evo_norm() -> ModuleType:
    """The module `timm.layers.evo_norm`."""
    try:
        return importlib.import_module("timm.layers.evo_norm")
    except RuntimeError:  # operator torchvision::nms does not exist; these layers do not need it
        for name in ("nms", "qnms"):
            schema = "(Tensor a, Tensor b, float c) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
        return importlib.import_module("timm.layers.evo_norm")
