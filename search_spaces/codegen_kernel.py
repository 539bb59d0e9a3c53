"""Layers that torch has kernels for: group norm, or layer or instance norm of images, then ReLU."""

from __future__ import annotations

from functools import cache

from search_spaces.canonical import canonical
from search_spaces.codegen_function import Function
from search_spaces.graph import Graph
from search_spaces.text import parse

# How many groups of channels the kernel takes, by index set.
_GROUPS = {"sg": "groups", "sc": "1", "s": "channels"}

# Torch's backward pass of the norm also gives what the closing affine needs: the sum of
# gradient * relu(v1 * normalized + v0) is v1 times that for v1 plus v0 times that for v0.
_FORWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous()
v0, v1, weight, bias = (each.to(x.dtype) for each in (v0, v1, weight, bias))
samples, channels, positions = x.shape
y, mean, inverse_std = torch.native_group_norm(
    x, v1, v0, samples, channels, positions, {groups}, eps
)
y.relu_().mul_(weight.view(1, -1, 1)).add_(bias.view(1, -1, 1))
return y, mean, inverse_std"""
_BACKWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous()
v0, v1, weight, grad = (each.to(x.dtype) for each in (v0, v1, weight, grad))
samples, channels, positions = x.shape
sum_bs = grad.sum((0, 2))
scale = inverse_std.unsqueeze(2) * v1.view({groups}, -1)  # (B, G, C / G)
shift = v0 - (scale * mean.unsqueeze(2)).view(samples, channels)
scale = scale.view(samples, channels, 1)
inner = torch.mul(x, scale).add_(shift.unsqueeze(2))  # of the rectifier
grad = torch.ops.aten.threshold_backward(grad.contiguous(), inner, 0, grad_input=inner)
combined = v1 * weight
x_grad, v1_grad, v0_grad = torch.ops.aten.native_group_norm_backward(
    grad, x, mean, inverse_std, combined, samples, channels, positions, {groups}, [True] * 3
)
weight_grad = v1 * v1_grad + v0 * v0_grad
return x_grad, v0_grad * weight, v1_grad * weight, weight_grad, sum_bs"""


def kernel_of(graph: Graph) -> Function | None:
    """The function of a canonical graph through torch's kernel; None if there is none for it."""
    groups = _kernels().get(graph)
    if groups is None:
        return None
    forward, backward = (text.format(groups=groups) for text in (_FORWARD, _BACKWARD))
    saved = ("mean", "inverse_std")
    return Function(tuple(forward.split("\n")), tuple(backward.split("\n")), saved, 0, kernel=True)


@cache
def _kernels() -> dict[Graph, str]:
    """Groups of the kernel by canonical graph."""
    text = "max(v1 * (x - mean[{0}](x)) / std[{0}](x) + v0, 0)"
    return {canonical(parse(text.format(index_set))): n for index_set, n in _GROUPS.items()}
