"""Layouts that a layer does not take by itself, and how it is placed in them."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn


class Placed(nn.Module):
    """A layer for images (B, C, H, W) on any shape with a batch and one dimension of channels.

    Channels are the last dimension if `channels_at_end`, else the second. With `sequence_first` the
    batch is the second dimension, as in (T, B, C).
    """

    def __init__(
        self, layer: nn.Module, channels_at_end: bool, sequence_first: bool = False
    ) -> None:
        super().__init__()
        self.layer = layer
        self.channels_at_end = channels_at_end
        self.sequence_first = sequence_first

    def extra_repr(self) -> str:
        return f"channels_at_end={self.channels_at_end}, sequence_first={self.sequence_first}"

    def forward(self, x: Tensor) -> Tensor:
        y = x.transpose(0, 1) if self.sequence_first else x
        y = y.movedim(-1, 1) if self.channels_at_end else y
        shape = y.shape
        if y.ndim != 4:
            y = y.reshape(*shape[:2], -1, 1)
        y = cast(Tensor, self.layer(y)).reshape(shape)
        y = y.movedim(1, -1) if self.channels_at_end else y
        return y.transpose(0, 1) if self.sequence_first else y


def is_sequence_first(path: str, model: nn.Module) -> bool:
    """Whether a norm is inside one of torch's transformers that takes (T, B, C)."""
    parts = path.split(".")
    for end in range(len(parts)):
        module = model.get_submodule(".".join(parts[:end]))
        if isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
            return not module.self_attn.batch_first
        if (
            isinstance(module, nn.TransformerEncoder | nn.TransformerDecoder)
            and end == len(parts) - 1
        ):
            return not module.layers[0].self_attn.batch_first
    return False


def leave_fast_paths(model: nn.Module) -> None:
    """Keep torch's transformers from computing their old norms themselves when evaluated."""
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            norms = (module.norm1, module.norm2)
            if not all(isinstance(norm, nn.LayerNorm) for norm in norms):
                module.activation_relu_or_gelu = 0
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoder):
            slow = (getattr(part, "activation_relu_or_gelu", 1) == 0 for part in module.layers)
            module.use_nested_tensor = getattr(module, "use_nested_tensor", False) and not any(slow)
