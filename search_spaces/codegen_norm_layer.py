"""The function `norm_layer` of an exported module, for models that build norm-act layers."""

from __future__ import annotations

_IMPORT = "from collections.abc import Callable\n"
# What comes before it where imports are sorted.
_BEFORE = ("import inspect\n", "import math\n", "import warnings\n")
_HEAD = "\n\n\ndef norm_layer("

# timm takes a plain function alone for a norm-act layer, and calls it with these arguments.
_FUNCTION = """\
    eps: float = 1e-5,
    groups: int = 32,
    momentum: float = 0.1,
    channels_last: bool = False,
    group_size: int | None = None,
) -> Callable[..., CLASS]:
    \"\"\"A function that makes layers of these settings: what timm's models take as `norm_layer`.

    It is for models that build norm-act layers, such as ResNetV2, MobileNetV2 and EfficientNet. It
    takes (num_features, apply_act=True, device=None, dtype=None); `inplace`, `act_layer` and
    `act_kwargs` have no effect, because the activation is part of the layer.
    \"\"\"

    def layer(
        num_features: int,
        apply_act: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        inplace: bool = False,
        act_layer: object = None,
        act_kwargs: object = None,
    ) -> CLASS:
        return CLASS(
            num_features,
            apply_act,
            eps=eps,
            groups=groups,
            momentum=momentum,
            channels_last=channels_last,
            group_size=group_size,
            device=device,
            dtype=dtype,
        )

    return layer
"""


def with_norm_layer(source: str, class_name: str = "NormAct") -> str:
    """A generated module and, after what is hashed of it, `norm_layer`, which makes its class."""
    above, imports, rest = source.partition("import torch\n")
    standard = above.strip()
    if standard:
        first = sum(len(line) for line in _BEFORE if line in above)
        above = f"{above[:first]}{_IMPORT}{above[first:]}"
    else:
        above = f"{_IMPORT}\n"
    function = f"{_HEAD.strip()}\n{_FUNCTION.replace('CLASS', class_name)}"
    return f"{above}{imports}{rest.rstrip()}\n\n\n{function}"


def without_norm_layer(source: str) -> str:
    """The module that `with_norm_layer` was given."""
    module, found, _ = source.partition(_HEAD)
    if not found:
        return source
    return f"{module}\n".replace(_IMPORT, "", 1).lstrip("\n")
