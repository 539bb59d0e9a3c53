"""The layers of the zoo as published formulas in numpy float64, written without the layer language.

A formula takes images (B, C, H, W), the parameters by name, groups, and `estimates`: None in
training, in evaluation the running estimates by buffer name. It returns what precedes
`* gamma + beta`, and the batch's statistics by the name of the buffer that follows them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

Array = np.ndarray
Named = dict[str, Array]
Formula = Callable[[Array, Named, int, Named | None], tuple[Array, Named]]

EPS = 1e-5


def channel(vector: Array) -> Array:
    """A per-channel vector against images."""
    return np.asarray(vector).reshape(1, -1, 1, 1)


def over_groups(x: Array, groups: int, function: Callable[[Array], Array]) -> Array:
    """A statistic of each group of each sample, one number a channel: (B, C, 1, 1)."""
    batch, channels = x.shape[:2]
    members = function(x.reshape(batch, groups, -1))
    return np.repeat(members, channels // groups, axis=1).reshape(batch, channels, 1, 1)


def instance(x: Array, function: Callable[..., Array]) -> Array:
    return function(x, axis=(2, 3), keepdims=True)


def mean_square(x: Array, **options: object) -> Array:
    return np.mean(x * x, **options)  # type: ignore[call-overload]


def root(variance: Array) -> Array:
    return np.sqrt(variance + EPS)


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    return np.where(x > 0, x, 0)


def gelu(x: Array) -> Array:
    return x * special.ndtr(x)


def batch_statistics(x: Array, estimates: Named | None, **functions: Callable[..., Array]) -> Named:
    """Per-channel statistics of the batch, or the running ones."""
    if estimates is not None:
        return estimates
    return {f"running_{name}": f(x, axis=(0, 2, 3)) for name, f in functions.items()}


def batch_norm(x: Array, p: Named, estimates: Named | None) -> tuple[Array, Named]:
    found = batch_statistics(x, estimates, mean=np.mean, var=np.var)
    centered = x - channel(found["running_mean"])
    return affine(centered / root(channel(found["running_var"])), p), found


def affine(x: Array, p: Named) -> Array:
    return channel(p["v1"]) * x + channel(p["v0"])


def group_norm(x: Array, groups: int) -> Array:
    mean = over_groups(x, groups, lambda y: y.mean(2))
    return (x - mean) / root(over_groups(x, groups, lambda y: y.var(2)))


def token_norm(x: Array) -> Array:
    mean = x.mean(1, keepdims=True)
    return (x - mean) / root(x.var(1, keepdims=True))


def after_batch_norm(activation: Callable[[Array], Array]) -> Formula:
    def formula(x: Array, p: Named, groups: int, estimates: Named | None) -> tuple[Array, Named]:
        y, found = batch_norm(x, p, estimates)
        return activation(y), found

    return formula


def stateless(function: Callable[[Array, Named, int], Array]) -> Formula:
    return lambda x, p, groups, estimates: (function(x, p, groups), {})


def evonorm_b(denominator: Callable[[Array, Named], Array]) -> Formula:
    def formula(x: Array, p: Named, groups: int, estimates: Named | None) -> tuple[Array, Named]:
        found = batch_statistics(x, estimates, var=np.var)
        return x / np.maximum(root(channel(found["running_var"])), denominator(x, p)), found

    return formula


def power_norm(x: Array, p: Named, groups: int, estimates: Named | None) -> tuple[Array, Named]:
    found = batch_statistics(x, estimates, mean_square=mean_square)
    return x / root(channel(found["running_mean_square"])), found


def batch_channel_norm(
    x: Array, p: Named, groups: int, estimates: Named | None
) -> tuple[Array, Named]:
    y, found = batch_norm(x, p, estimates)
    return group_norm(y, groups), found


def group_root(x: Array, groups: int, function: Callable[..., Array]) -> Array:
    return root(over_groups(x, groups, lambda y: function(y, axis=2)))


def selu(x: Array) -> Array:
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


FORMULAS: dict[str, Formula] = {
    "BN-ReLU": after_batch_norm(relu),
    "BN-SiLU": after_batch_norm(silu),
    "GN-ReLU": stateless(lambda x, p, g: relu(affine(group_norm(x, g), p))),
    "GN-SiLU": stateless(lambda x, p, g: silu(affine(group_norm(x, g), p))),
    "LN-ReLU": stateless(lambda x, p, g: relu(affine(group_norm(x, 1), p))),
    "LN-GELU": stateless(lambda x, p, g: gelu(affine(token_norm(x), p))),
    "IN-ReLU": stateless(lambda x, p, g: relu(affine(group_norm(x, x.shape[1]), p))),
    "RMSNorm": stateless(lambda x, p, g: x / root(mean_square(x, axis=1, keepdims=True))),
    "RMSNorm-SiLU": stateless(
        lambda x, p, g: silu(channel(p["v1"]) * x / root(mean_square(x, axis=1, keepdims=True)))
    ),
    "SELU": stateless(lambda x, p, g: selu(x)),
    "FRN-TLU": stateless(
        lambda x, p, g: np.maximum(x / root(instance(x, mean_square)), channel(p["v0"]))
    ),
    "EvoNorm-B0": evonorm_b(lambda x, p: channel(p["v1"]) * x + root(instance(x, np.var))),
    "EvoNorm-B1": evonorm_b(lambda x, p: (x + 1) * root(instance(x, mean_square))),
    "EvoNorm-B2": evonorm_b(lambda x, p: root(instance(x, mean_square)) - x),
    "EvoNorm-S0": stateless(
        lambda x, p, g: x / (1 + np.exp(-channel(p["v1"]) * x)) / group_root(x, g, np.var)
    ),
    "EvoNorm-S1": stateless(lambda x, p, g: silu(x) / group_root(x, g, np.var)),
    "EvoNorm-S2": stateless(lambda x, p, g: silu(x) / group_root(x, g, mean_square)),
    "DyT": stateless(lambda x, p, g: np.tanh(p["alpha"] * x)),
    "Derf": stateless(lambda x, p, g: special.erf(p["alpha"] * x + p["shift"])),
    "PowerNorm": power_norm,
    "BCN": batch_channel_norm,
    "ReLU": stateless(lambda x, p, g: relu(x)),
    "rectifier": stateless(lambda x, p, g: np.maximum(x, -channel(p["v1"]))),
    "SiLU": stateless(lambda x, p, g: silu(x)),
    "tanh": stateless(lambda x, p, g: np.tanh(x)),
    "GELU": stateless(lambda x, p, g: gelu(x)),
}
