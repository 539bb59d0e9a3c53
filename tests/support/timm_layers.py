"""Libraries that import torchvision, whose operators may not fit the torch at hand."""

from __future__ import annotations

import importlib
from types import ModuleType

import torch


def evo_norm() -> ModuleType:
    """The module `timm.layers.evo_norm`."""
    return _import("timm.layers.evo_norm")


def timm() -> ModuleType:
    """The package, for its reference models."""
    return _import("timm")


def transformers() -> ModuleType:
    """The package, for its models."""
    timm()  # once torchvision is there, its models are found
    return importlib.import_module("transformers")


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except RuntimeError:  # operator torchvision::nms does not exist; what we use does not need it
        for operator in ("nms", "qnms"):
            schema = "(Tensor a, Tensor b, float c) -> Tensor"
            torch.library.define(f"torchvision::{operator}", schema)
        return importlib.import_module(name)
