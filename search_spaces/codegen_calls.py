"""The torch functions of operations on a derivation's values, as source text."""

from __future__ import annotations

from collections.abc import Iterable

FUNCTIONS = {
    "add": "torch.add",
    "mul": "torch.mul",
    "div": "torch.div",
    "neg": "torch.neg",
    "max": "torch.maximum",
    "min": "torch.minimum",
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "exp": "torch.exp",
    "ln": "torch.log",
    "abs": "torch.abs",
    "sign": "torch.sign",
    "square": "torch.square",
    "root": "torch.sqrt",
    "inverse_root": "torch.rsqrt",
    "relu": "torch.relu",
    "erf": "torch.erf",
    "softplus": "functional.softplus",
    "relu_backward": "torch.ops.aten.threshold_backward",
    "sigmoid_backward": "torch.ops.aten.sigmoid_backward",
    "tanh_backward": "torch.ops.aten.tanh_backward",
}
# Arguments behind the tensors.
_SETTINGS = {"relu_backward": ("0",)}


def call_text(op: str, tensors: Iterable[str]) -> str:
    """A call of the function of `op`."""
    return f"{FUNCTIONS[op]}({', '.join((*tensors, *_SETTINGS.get(op, ())))})"


def call_text_into(op: str, tensors: Iterable[str], out: str) -> str:
    """The same for a backward function that writes into the tensor `out`.

    The overload is named, because torch would raise and catch an exception before it finds it.
    """
    tensors = (*tensors, *_SETTINGS.get(op, ()))
    return f"{FUNCTIONS[op]}.grad_input({', '.join(tensors)}, grad_input={out})"
