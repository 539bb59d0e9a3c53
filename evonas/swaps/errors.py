"""What swap refuses."""

from __future__ import annotations


class SwapError(ValueError):
    """The model, the layer or its settings cannot be used; nothing was changed."""
