"""Random values as text, for tests that put them into formulas."""

from __future__ import annotations

import numpy as np

_LEAVES = ("x", "x", "x", "v0", "v1", "alpha", "0.5")
_UNARY = [
    "sigmoid",
    "tanh",
    "exp",
    "abs",
    "square",
    "sqrt",
    "log",
    "neg",
    "erf",
    "softplus",
    "rsqrt",
    "relu",
]
_BINARY = ["add", "mul", "max", "div", "min", "sub"]
_SETS = ["bs", "s", "sc", "sg", "c", "g"]


def random_text(rng: np.random.Generator, depth: int = 2) -> str:
    """A value of the language in the notation of calls."""
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(_LEAVES))
    draw = rng.random()
    inner = random_text(rng, depth - 1)
    if draw < 0.35:
        return f"{rng.choice(_BINARY)}({inner}, {random_text(rng, depth - 1)})"
    if draw < 0.7:
        return f"{rng.choice(_UNARY)}({inner})".replace("neg(", "-(")
    return f"{rng.choice(('mean', 'rms', 'std'))}[{rng.choice(_SETS)}]({inner})"
