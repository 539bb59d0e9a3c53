"""The function `norm_layer` of an exported module, for models that build norm-act layers."""

from __future__ import annotations

IMPORTS = ("from collections.abc import Callable",)

# timm takes a plain function alone for a norm-act layer, and calls it with these arguments.
_FUNCTION = """\
def norm_layer(
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


def norm_layer_block(class_name: str) -> str:
    """The function that makes layers of a generated class, as an addition to its module."""
    return _FUNCTION.replace("CLASS", class_name)
