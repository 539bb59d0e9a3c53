"""Inputs that a model of Hugging Face's Transformers runs on, made from what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def dummy_inputs(model: nn.Module) -> dict[str, Tensor] | None:
    """Named inputs on the device of the model, None for a model that says nothing of them."""
    dummies = getattr(model, "dummy_inputs", None)
    if not isinstance(dummies, Mapping):
        return None
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    if getattr(model, "main_input_name", None) == "pixel_values":
        config: Any = getattr(model, "config", None)
        size = getattr(config, "image_size", 64)
        sides = size if isinstance(size, list | tuple) else (size, size)
        return {"pixel_values": like.new_zeros(1, getattr(config, "num_channels", 3), *sides)}
    return {name: value.to(like.device) for name, value in dummies.items()}
