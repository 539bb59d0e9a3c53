"""Layers that torch has kernels for: batch norm, group norm, or layer or instance norm of images.

Each is followed by ReLU. Torch's backward pass of the norm also gives what the closing affine
needs: the sum of gradient * relu(v1 * normalized + v0) is v1 times that for v1 plus v0 times that
for v0.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from search_spaces.canonical import canonical
from search_spaces.codegen_function import Function
from search_spaces.codegen_plan import Plan, Statistics
from search_spaces.graph import Graph
from search_spaces.text import parse

# How many groups of channels the kernel takes, by index set.
_GROUPS = {"sg": "groups", "sc": "1", "s": "channels"}
_BATCH = "bs"

_GROUP_FORWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous()
v0, v1, weight, bias = v0.to(x.dtype), v1.to(x.dtype), weight.to(x.dtype), bias.to(x.dtype)
samples, channels, positions = x.shape
y, mean, inverse_std = torch.native_group_norm(
    x, v1, v0, samples, channels, positions, {groups}, eps
)
y.relu_().mul_(weight.view(1, -1, 1)).add_(bias.view(1, -1, 1))
return y, mean, inverse_std"""
_GROUP_BACKWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous()
v0, v1, weight, grad = v0.to(x.dtype), v1.to(x.dtype), weight.to(x.dtype), grad.to(x.dtype)
samples, channels, positions = x.shape
sum_bs = grad.sum((0, 2))
scale = inverse_std.unsqueeze(2) * v1.view({groups}, -1)  # (B, G, C / G)
shift = v0 - (scale * mean.unsqueeze(2)).view(samples, channels)
scale = scale.view(samples, channels, 1)
inner = torch.mul(x, scale).add_(shift.unsqueeze(2))  # of the rectifier
grad = torch.ops.aten.threshold_backward.grad_input(
    grad.contiguous(), inner, 0, grad_input=inner
)
combined = v1 * weight
x_grad, v1_grad, v0_grad = torch.ops.aten.native_group_norm_backward(
    grad, x, mean, inverse_std, combined, samples, channels, positions, {groups}, [True] * 3
)
weight_grad = v1 * v1_grad + v0 * v0_grad
return x_grad, v0_grad * weight, v1_grad * weight, weight_grad, sum_bs"""

# The statistics of `_var_mean` are found sooner than those of torch's own forward pass. The kernels
# get (B, C, S, 1), the shape in which they know channels that come last. What is returned is no
# view, because torch forbids to write into views that a function returns.
_BATCH_FORWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32))
v0, v1, weight, bias = v0.to(x.dtype), v1.to(x.dtype), weight.to(x.dtype), bias.to(x.dtype)
var_bs, mean_bs = _var_mean(x, (0, 2))
y = functional.batch_norm(
    x.unsqueeze(3), mean_bs.flatten(), var_bs.flatten(), v1, v0, eps=eps
)
y = torch.ops.aten._unsafe_view(y, x.shape)
y.relu_().mul_(weight.view(1, -1, 1)).add_(bias.view(1, -1, 1))
return y, {estimates}"""
_BATCH_BACKWARD = """\
x = x.to(torch.promote_types(x.dtype, torch.float32)).unsqueeze(3)
v0, v1, weight, grad = v0.to(x.dtype), v1.to(x.dtype), weight.to(x.dtype), grad.to(x.dtype)
sum_bs = grad.sum((0, 2))
mean, var = mean_bs.flatten(), var_bs.flatten()
inner = functional.batch_norm(x, mean, var, v1, v0, eps=eps)  # of the rectifier
grad = torch.ops.aten.threshold_backward.grad_input(
    grad.unsqueeze(3), inner, 0, grad_input=inner
)
inverse_std, combined = torch.rsqrt(var + eps), v1 * weight
x_grad, v1_grad, v0_grad = torch.ops.aten.native_batch_norm_backward(
    grad, x, combined, None, None, mean, inverse_std, True, eps, [True] * 3
)
weight_grad = v1 * v1_grad + v0 * v0_grad
return x_grad.squeeze(3), v0_grad * weight, v1_grad * weight, weight_grad, sum_bs"""


def kernel_of(graph: Graph, plan: Plan) -> Function | None:
    """The function of a graph in canonical form through torch's kernel; None if it has none.

    `plan` may be that of another graph with this canonical form: it says in which order the batch
    statistics are returned.
    """
    index_set = _kernels().get(graph)
    if index_set is None:
        return None
    if index_set != _BATCH:
        groups = _GROUPS[index_set]
        return _function(_GROUP_FORWARD, _GROUP_BACKWARD, ("mean", "inverse_std"), groups=groups)
    estimates = _estimates(plan)
    if sorted(estimates) != ["mean_bs", "var_bs"]:
        return None
    function = _function(_BATCH_FORWARD, _BATCH_BACKWARD, estimates, estimates=", ".join(estimates))
    return replace(function, estimates=len(estimates))


def _function(forward: str, backward: str, saved: tuple[str, ...], **names: str) -> Function:
    """The function of two templates, with their `names` filled in."""
    first, second = (tuple(text.format(**names).split("\n")) for text in (forward, backward))
    return Function(first, second, saved, 0, kernel=True)


def _estimates(plan: Plan) -> tuple[str, ...]:
    """The batch statistics of x that the running estimates of a plan follow."""
    names = {"mean": "mean_bs", "std": "var_bs"}
    return tuple(
        names.get(kind, kind) if plan.initial[step.argument : step.argument + 1] == ("x",) else ""
        for step in plan.steps
        if isinstance(step, Statistics) and step.over_batch
        for kind in step.targets
    )


@cache
def _kernels() -> dict[Graph, str]:
    """Index sets by canonical graph."""
    text = "max(v1 * (x - mean[{0}](x)) / std[{0}](x) + v0, 0)"
    return {canonical(parse(text.format(each))): each for each in (*_GROUPS, _BATCH)}
