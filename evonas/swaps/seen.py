"""The flow of a model, seen as well as it can be: recorded, traced, or by the order alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evonas.swaps.dummies import dummy_inputs
from evonas.swaps.errors import SwapError
from evonas.swaps.ordered import order
from evonas.swaps.recorded import record
from evonas.swaps.steps import Flow, Parts
from evonas.swaps.traced import trace


def see(parts: Parts, inputs: Any = None) -> Flow:
    """The flow of a model that is called with `inputs`; SwapError if it does not run on them."""
    if inputs is not None:
        named = inputs if isinstance(inputs, Mapping) else {}
        args = () if named else inputs if isinstance(inputs, tuple) else (inputs,)
        try:
            return record(parts, args, named)
        except Exception as error:
            raise SwapError(f"the model does not run on these inputs: {_first(error)}") from error
    obstacles = []
    dummies = dummy_inputs(parts.model)
    if dummies is not None:
        try:
            return record(parts, (), dummies)
        except Exception as error:
            obstacles.append(f"it does not run on its dummy inputs ({_first(error)})")
    try:
        return trace(parts)
    except Exception as error:
        obstacles.append(f"torch.fx cannot trace it ({_first(error)})")
    return order(parts, "; ".join(obstacles))


def _first(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]:.120}"
