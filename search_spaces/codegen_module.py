"""The class around a generated body: constructor, layouts, affine, running estimates."""

from __future__ import annotations

from search_spaces.codegen_body import Body, wrap
from search_spaces.codegen_plan import Plan

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

_FORWARD = """\
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        channels_at_end = self.channels_last or x.ndim == 3
        images = x.movedim(-1, 1) if channels_at_end else x
        if x.ndim not in (2, 3, 4) or images.shape[1] != self.num_features:
            raise ValueError(
                f"expected {self.num_features} channels in (B, C, H, W), (B, H, W, C) with "
                f"channels_last=True, (B, T, C) or (B, C), given the shape {tuple(x.shape)}"
            )
        y = images.to(torch.promote_types(x.dtype, torch.float32))
        y = y.reshape(x.shape[0], self.num_features, -1)  # (B, C, S)
        if self.apply_act:
            y = self._norm_act(y)
        weight = self.weight.to(y.dtype).view(1, -1, 1)
        bias = self.bias.to(y.dtype).view(1, -1, 1)
        y = torch.addcmul(bias, y, weight).reshape(images.shape).to(x.dtype)
        return y.movedim(1, -1) if channels_at_end else y"""

_UPDATE = """\
    def _update(self, running: torch.Tensor, batch: torch.Tensor) -> None:
        running.lerp_(batch.detach().flatten().to(running.dtype), self.momentum)"""

_EXTRA_REPR = """\
    def extra_repr(self) -> str:
        return f"{self.num_features}, apply_act={self.apply_act}\""""


def imports_text(class_text: str, modules: frozenset[str] = frozenset()) -> str:
    """The import lines that the text of a class needs; `modules` are needed beside it."""
    lines = ["import torch", "from torch import nn"]
    standard = ["import math"] if "math" in modules else []
    if "warnings.warn" in class_text:
        standard.append("import warnings")
    if standard:
        lines = [*standard, "", *lines]
    if "functional." in class_text or "functional" in modules:
        lines.append("from torch.nn import functional")
    return "\n".join(lines)


def class_text(plan: Plan, body: Body) -> str:
    """Everything below the docstring of the class; the last method is what the graph computes."""
    fields = [f"    {buffer.name}: torch.Tensor" for buffer in body.buffers]
    norm_act = ["    def _norm_act(self, x: torch.Tensor) -> torch.Tensor:"]
    norm_act += [f"        {line}" for line in body.lines]
    methods = [_constructor(plan, body), _EXTRA_REPR, _FORWARD, "\n".join(norm_act)]
    if body.buffers:
        methods = ["\n".join(fields), *methods[:-1], _UPDATE, methods[-1]]
    return "\n\n".join(methods) + "\n"


def _constructor(plan: Plan, body: Body) -> str:
    lines = [_SIGNATURE]
    if any("self.eps" in line for line in body.lines):
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
