"""Which modules and functions are activations, by the names that libraries give them."""

from __future__ import annotations

from torch import nn

# As in torch, timm and transformers, in lower case and without "_" and "activation". Sigmoids are
# left out: after a norm they are gates, whose range no other function has.
_ACTIVATIONS = frozenset(
    (
        *("relu", "relu6", "leakyrelu", "prelu", "rrelu", "relusquared", "threshold"),
        *("elu", "celu", "selu", "softplus", "softsign", "tanh", "hardtanh", "tanhshrink"),
        *("gelu", "gelutanh", "quickgelu", "newgelu", "fastgelu", "accurategelu", "clippedgelu"),
        *("silu", "swish", "hardswish", "mish", "hardmish", "softshrink", "hardshrink"),
    )
)


def is_activation(module: nn.Module, more: tuple[type[nn.Module], ...] = ()) -> bool:
    """Whether a module is an element-wise activation; `more` are classes of the user's own."""
    return isinstance(module, more) or (
        is_activation_name(type(module).__name__) and not any(True for _ in module.children())
    )


def is_activation_name(name: str) -> bool:
    """Whether a class or function of that name is an activation; `relu_` is."""
    return name.lower().replace("_", "").removesuffix("activation") in _ACTIVATIONS
