"""Layers whose result is written over by what reads it, as in `out += shortcut`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from evonas.swaps.activations import is_activation_name
from evonas.swaps.layouts import Placed
from evonas.swaps.steps import MODULE, Flow


def written_over(flow: Flow) -> frozenset[str]:
    """The paths of the modules into whose results something but an activation may write.

    An activation that writes into the result of a norm is part of its layer.
    """
    return frozenset(
        written.name
        for writer, written in flow.writes()
        if written.kind == MODULE
        and writer.name not in flow.parts.activations
        and not is_activation_name(writer.name)
    )


def wants_copy(layer: nn.Module) -> bool:
    """Whether torch forbids in training to write into what a layer returns: a view of what an
    autograd function made, as of layers with a backward pass of their own.
    """
    inner = layer.layer if isinstance(layer, Placed) else layer
    return hasattr(type(inner), "plain") and bool(getattr(inner, "apply_act", True))


def return_copy(layer: nn.Module) -> None:
    """Let a layer return a tensor that may be written over."""
    layer.register_forward_hook(_copied)


def _copied(layer: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
    return output.clone() if torch.is_grad_enabled() else output
