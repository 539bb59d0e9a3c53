"""The class around a generated body: constructor, layouts, affine, running estimates."""

from __future__ import annotations

from search_spaces.codegen_body import Body
from search_spaces.codegen_function import SETTINGS, Function, signature
from search_spaces.codegen_plan import Plan
from search_spaces.codegen_text import wrap

# Documentation of every generated class.
ARGUMENTS = """\
Takes images (B, C, H, W), or (B, H, W, C) if `channels_last`, tokens (B, T, C) or features
(B, C), and returns the same shape and dtype. Computes in float32, or in float64 if given it.

Args:
    num_features: channels C.
    apply_act: if False, the layer is the affine `x * weight + bias` alone.
    eps: added under every root.
    groups: groups of channels; the largest divisor of `num_features` not above it is taken.
    momentum: share of the current batch in the running estimates.
    channels_last: whether the channels of images are the last dimension.
    group_size: channels per group, instead of `groups`.
    device, dtype: of the parameters; running estimates are float32."""

_SIGNATURE = """\
    def __init__(
        self,
        num_features: int,
        apply_act: bool = True,
        eps: float = 1e-5,
        groups: int = 32,
        momentum: float = 0.1,
        channels_last: bool = False,
        group_size: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.apply_act = apply_act
        self.channels_last = channels_last"""

_GROUPS = """\
        if group_size:
            groups = max(1, num_features // group_size)
        if groups < 1:
            raise ValueError(f"groups must be at least 1, given {groups}")
        self.groups = max(n for n in range(1, groups + 1) if num_features % n == 0)
        if apply_act and self.groups == num_features > 1:
            warnings.warn(
                f"{self.groups} groups of {num_features} channels leave one channel a group, as in "
                f"instance norm; pass groups={num_features // 2} or less, or group_size=2 or more",
                stacklevel=2,
            )"""

_AFFINE_PARAMETERS = """\
        self.weight = nn.Parameter(torch.ones(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(num_features, device=device, dtype=dtype))"""

_STARTS = {
    "v0": "torch.zeros(num_features, device=device, dtype=dtype)",
    "v1": "torch.ones(num_features, device=device, dtype=dtype)",
    "alpha": "torch.full((1,), 0.5, device=device, dtype=dtype)",
    "shift": "torch.zeros(1, device=device, dtype=dtype)",
}

# `{norm_act}` stands for the branches that compute the layer.
FORWARD = """\
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        channels_at_end = self.channels_last or x.ndim == 3
        images = x.movedim(-1, 1) if channels_at_end else x
        if x.ndim not in (2, 3, 4) or images.shape[1] != self.num_features:
            raise ValueError(
                f"expected {self.num_features} channels in (B, C, H, W), (B, H, W, C) with "
                f"channels_last=True, (B, T, C) or (B, C), given the shape {tuple(x.shape)}"
            )
        y = images.reshape(x.shape[0], self.num_features, -1)  # (B, C, S)
        if not self.apply_act:
            y = y.to(torch.promote_types(x.dtype, torch.float32))
            y = y * self.weight.view(1, -1, 1) + self.bias.view(1, -1, 1)
{norm_act}
        y = y.reshape(images.shape).to(x.dtype)
        return y.movedim(1, -1) if channels_at_end else y"""

_MEAN_SQUARE = """\
def _mean_square(x: torch.Tensor, dim: tuple[int, ...]) -> torch.Tensor:
    if torch.compiler.is_compiling() or x.stride(-1) != 1 or x.ndim - 1 not in dim:
        return torch.square(x).mean(dim, keepdim=True)
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # reads x once and writes nothing
    return torch.square(norm).mean(dim, keepdim=True) / x.shape[-1]
"""

_VAR_MEAN = """\
def _var_mean(x: torch.Tensor, dim: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    if torch.is_grad_enabled() or not x.is_cpu:
        return torch.var_mean(x, dim=dim, correction=0, keepdim=True)
    mean = x.mean(dim, keepdim=True)
    return _mean_square(x - mean, dim), mean  # torch.var_mean takes far longer on CPUs
"""

_TANH = """\
def _tanh(x: torch.Tensor) -> torch.Tensor:
    if torch.compiler.is_compiling() or not x.is_cpu:
        return torch.tanh(x)
    e = torch.mul(x, 2).clamp_max_(40).expm1_()  # half the time of torch.tanh, and as exact
    return e.div_(e + 2)
"""

# Functions of a generated module, by the names that its code calls them.
HELPERS = {"_mean_square": _MEAN_SQUARE, "_var_mean": _VAR_MEAN, "_tanh": _TANH}

_UPDATE = """\
    def _update(self, running: torch.Tensor, batch: torch.Tensor) -> None:
        running.lerp_(batch.detach().flatten().to(running.dtype), self.momentum)"""

_EXTRA_REPR = """\
    def extra_repr(self) -> str:
        settings = f"apply_act={self.apply_act}SETTINGS"
        return f"{self.num_features}, {settings}\""""


def imports_text(text: str, modules: frozenset[str] = frozenset()) -> str:
    """The import lines that the text of a module needs; `modules` are needed beside it."""
    standard = ["import inspect"] if "inspect." in text else []
    standard += ["import math"] if "math" in modules else []
    standard += ["import warnings"] if "warnings.warn" in text else []
    standard += ["from typing import Any"] if ": Any" in text else []
    lines = [*standard, ""] if standard else []
    lines += ["import torch", "from torch import nn"]
    if "functional." in text or "functional" in modules:
        lines.append("from torch.nn import functional")
    return "\n".join(lines)


def class_text(
    plan: Plan, body: Body, arguments: tuple[str, ...], function: Function | None
) -> str:
    """Everything below the docstring of the class; `arguments` are those of `norm_act`."""
    fields = [f"    {buffer.name}: torch.Tensor" for buffer in body.buffers]
    if function:
        fields.append("    plain = False  # True leaves the backward pass to autograd")
    forward = FORWARD.replace("{norm_act}", "\n".join(_call(body, arguments, function)))
    shown = [f", {name}={{self.{name}}}" for name in SETTINGS if name in arguments]
    representation = _EXTRA_REPR.replace("SETTINGS", "".join(shown))
    methods = [_constructor(plan, body, arguments), representation, forward]
    if fields:
        methods.insert(0, "\n".join(fields))
    if body.buffers:
        methods.append(_UPDATE)
    return "\n\n".join(methods) + "\n"


def plain_text(body: Body, arguments: tuple[str, ...]) -> str:
    """The function `norm_act`: the layer from (B, C, S) to float32 or float64 of that shape.

    It returns the batch statistics too, if there are any; given the running estimates it uses them
    instead.
    """
    running = tuple(buffer.name for buffer in body.buffers)
    returns = "tuple[torch.Tensor, ...]" if body.estimates else "torch.Tensor"
    head = signature("norm_act", arguments, returns, optional=running)
    return "\n".join((*head, *(f"    {line}" for line in body.lines))) + "\n"


def _call(body: Body, arguments: tuple[str, ...], function: Function | None) -> list[str]:
    """The branches of `forward` that compute the layer."""
    given = ", ".join(("y", *(f"self.{name}" for name in arguments[1:])))
    running = ", ".join(f"self.{buffer.name}" for buffer in body.buffers)
    y = ", ".join(("y", *body.estimates))
    updates = [
        f"self._update(self.{buffer.name}, {estimate})"
        for buffer, estimate in zip(body.buffers, body.estimates, strict=True)
    ]
    lines = []
    if running:
        lines += ["elif not self.training:", f"    y, *_ = norm_act({given}, {running})"]
    if function:
        # A compiler makes better code of the plain form than of torch's kernels.
        left_out = "is_compiling" if function.kernel else "is_exporting"
        more = ", *_" if len(function.saved) > function.estimates else ""
        lines += [
            f"elif self.plain or not torch.is_grad_enabled() or torch.compiler.{left_out}():",
            *_indented([f"{y} = norm_act({given})", *updates]),
            "else:",
            *_indented([f"{y}{more} = _generated({given})", *updates]),
        ]
    else:
        lines += ["else:", *_indented([f"{y} = norm_act({given})", *updates])]
    return [f"        {part}" for line in lines for part in wrap(line, indent=8)]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _constructor(plan: Plan, body: Body, arguments: tuple[str, ...]) -> str:
    lines = [_SIGNATURE]
    if "eps" in arguments:
        lines.append("        self.eps = eps")
    if body.buffers:
        lines.append("        self.momentum = momentum")
    if plan.grouped:
        lines.append(_GROUPS)
    lines.append(_AFFINE_PARAMETERS)
    inner = [f"self.{name} = nn.Parameter({_STARTS[name]})" for name in plan.parameters]
    for buffer in body.buffers:
        start = "torch.ones" if buffer.start else "torch.zeros"
        inner.append(
            f'self.register_buffer("{buffer.name}", {start}({buffer.size}, device=device))'
        )
    if inner:
        lines.append("        if apply_act:")
        lines.extend(f"            {part}" for line in inner for part in wrap(line, indent=12))
    return "\n".join(lines)
