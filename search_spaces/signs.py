"""What can be proved about the sign of an expression, for the laws that need it."""

from __future__ import annotations

from typing import Protocol

from search_spaces.graph import is_constant
from search_spaces.primitives import MOMENTS


class _Expressions(Protocol):
    op: list[str]
    inputs: list[tuple[int, ...]]


# Whatever their inputs: exponentials, and roots with an epsilon under them.
_ALWAYS_POSITIVE = frozenset(("exp", "sigmoid", "softplus", "rsqrt", "rms", "std"))
# Positive if all inputs are.
_KEEPS_POSITIVE = frozenset(("add", "mul", "div", "min", "sqrt", "square", "abs", "tanh", "erf", "mean"))
# Zero only where an input is zero, with gradient zero there.
_ALWAYS_FLAT = frozenset(("abs", "square"))
# Keeps "at least zero, and flat where zero" if all inputs have it.
_KEEPS_FLAT = frozenset(("add", "mul", "sqrt", "tanh", "erf", "mean"))


def is_positive(expressions: _Expressions, number: int) -> bool:
    """Whether an expression is above zero for every finite input (in real numbers)."""
    op, inputs = _kind(expressions.op[number]), expressions.inputs[number]
    if op in _ALWAYS_POSITIVE:
        return True
    if op == "max":
        return any(is_positive(expressions, i) for i in inputs)
    if op == "add":
        return all(is_flat_nonnegative(expressions, i) for i in inputs) and any(
            is_positive(expressions, i) for i in inputs
        )
    if op in _KEEPS_POSITIVE:
        return all(is_positive(expressions, i) for i in inputs)
    return is_constant(op) and float(op) > 0


def is_flat_nonnegative(expressions: _Expressions, number: int) -> bool:
    """Whether an expression is never below zero, and its gradient is zero wherever it is zero."""
    op, inputs = _kind(expressions.op[number]), expressions.inputs[number]
    if op in _ALWAYS_FLAT or is_positive(expressions, number):
        return True
    if op == "max":  # max(y, 0) has gradient 0 at its tie
        return any(expressions.op[i] == "0" for i in inputs)
    if op in _KEEPS_FLAT:
        return all(is_flat_nonnegative(expressions, i) for i in inputs)
    if op == "div":
        return is_flat_nonnegative(expressions, inputs[0]) and is_positive(expressions, inputs[1])
    return op == "0"


def _kind(op: str) -> str:
    return MOMENTS[op][0] if op in MOMENTS else op
