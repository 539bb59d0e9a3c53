"""What an own primitive costs, counted while it runs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode

from search_spaces.own_checks import Function

_SIZE = 64


class _Passes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that write a full tensor, in place or not; views do not."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.numel() == _SIZE:
            places = {arg.data_ptr() for arg in args if isinstance(arg, Tensor)}
            self.count += func._schema.is_mutable or result.data_ptr() not in places
        return result


def passes_and_kept(function: Function, arity: int) -> tuple[int, int]:
    """Operations on a full tensor; full tensors that the backward pass keeps beside the inputs."""
    inputs = tuple(
        torch.linspace(0.5, 1.5 + i, _SIZE, dtype=torch.float64).requires_grad_()
        for i in range(arity)
    )
    kept: dict[int, Tensor] = {}  # alive, so that no place in memory is used twice

    def pack(tensor: Tensor) -> Tensor:
        if tensor.numel() == _SIZE:
            kept[tensor.data_ptr()] = tensor
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor), _Passes() as passes:
        function(*inputs)
    return passes.count, len(kept.keys() - {x.data_ptr() for x in inputs})
