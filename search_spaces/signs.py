"""What can be proved about the sign of a value, for the laws that need it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from search_spaces.graph import is_constant
from search_spaces.index_sets import BATCH, INDEX_SETS
from search_spaces.primitives import MOMENTS, claims


class Sign(IntEnum):
    """What is proved, for all finite inputs in real numbers; the larger includes the smaller."""

    UNKNOWN = 0
    FLAT = 1  # never below zero, and the gradient is zero wherever the value is
    POSITIVE = 2  # above zero


# Whatever their inputs: exponentials, and roots with an epsilon under them.
_ALWAYS_POSITIVE = frozenset(("exp", "sigmoid", "softplus", "rsqrt", "rms", "std"))
# As good as the worst of their inputs.
_KEEPS = frozenset(("mul", "min", "sqrt", "tanh", "erf", "mean"))


def proved_sign(op: str, inputs: Sequence[Sign], zero_input: bool) -> Sign:
    """The sign of `op`, given those of its inputs; `zero_input`: whether the constant 0 is one."""
    kind, index_set = MOMENTS.get(op, (op, ""))
    if kind in _ALWAYS_POSITIVE:
        return Sign.POSITIVE
    if not inputs:
        return _constant_sign(op)
    worst, best = min(inputs), max(inputs)
    if kind == "max":  # max(y, 0) has gradient 0 at its tie
        return best if best is Sign.POSITIVE else Sign.FLAT if zero_input else worst
    if kind in ("abs", "square"):
        return max(worst, Sign.FLAT)
    if kind == "add":
        return best if worst is not Sign.UNKNOWN else worst
    if kind == "div":
        return inputs[0] if inputs[1] is Sign.POSITIVE else Sign.UNKNOWN
    if kind == "mean" and BATCH in INDEX_SETS[index_set]:
        return min(worst, Sign.FLAT)  # the running estimate starts at 0
    if kind in _KEEPS:
        return worst
    return Sign.POSITIVE if claims(kind).positive else Sign.UNKNOWN


def _constant_sign(name: str) -> Sign:
    if not is_constant(name):
        return Sign.UNKNOWN
    return Sign.POSITIVE if float(name) > 0 else Sign.FLAT
