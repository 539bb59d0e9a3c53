"""Functions that cannot be primitives, each for one reason."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from search_spaces.own_primitive import primitive

calls: list[int] = []


class StepFunction(torch.autograd.Function):
    """Differentiable once, with a wrong gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        return torch.square(x)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        return 3.0 * gradient


class OnceFunction(torch.autograd.Function):
    """The right gradient, which cannot be differentiated."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return torch.square(x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return 2.0 * x * gradient


def unannotated(x, y):  # type: ignore[no-untyped-def]
    return x * y * y


def scaled(x: Tensor, factor=2.0) -> Tensor:  # type: ignore[no-untyped-def]
    return factor * x * x


def with_a_fixed_tensor(x: Tensor, scale: Tensor = torch.ones(1)) -> Tensor:  # noqa: B008
    return torch.tanh(x) * scale


def of_floats(x: float) -> float:
    return x * x


def misspelt(x: Tensr) -> Tensor:  # type: ignore[name-defined] # noqa: F821
    return x * x


def of_many(*inputs: Tensor) -> Tensor:
    return inputs[0] * inputs[0]


def by_keyword(x: Tensor, *, y: Tensor) -> Tensor:
    return x * y


def of_nothing() -> Tensor:
    return torch.ones(1)


def of_four(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return a * b * c * d


lambda_function = lambda x: x * x  # noqa: E731
partial_function = functools.partial(torch.pow, exponent=2)


class Square:
    """A class, not a function."""


def importing(x: Tensor) -> Tensor:
    import math

    return x * x * math.pi


def stateful(x: Tensor) -> Tensor:
    global calls
    return x * x


def raising(x: Tensor) -> Tensor:
    if x > 0:
        return x
    return x * x


def to_list(x: Tensor) -> Tensor:
    return x.tolist()  # type: ignore[no-any-return]


def summed(x: Tensor) -> Tensor:
    return (x * x).sum()


def in_double(x: Tensor) -> Tensor:
    return (x * x).double()


def in_place(x: Tensor) -> Tensor:
    return x.mul_(x)


def zeroed_in_place(x: Tensor) -> Tensor:
    y = x * x
    x.data.zero_()
    return y


def logarithm(x: Tensor) -> Tensor:
    return torch.log(x)


def noisy(x: Tensor) -> Tensor:
    return x * x + torch.rand(1, dtype=x.dtype)


def counting(x: Tensor) -> Tensor:
    calls.append(1)
    return x * x * len(calls)


def centered(x: Tensor) -> Tensor:
    return torch.square(x - x.mean())


def relative(x: Tensor) -> Tensor:
    return x * x / x.abs().max()


def placed(x: Tensor) -> Tensor:
    return x * x * torch.arange(x.numel(), dtype=x.dtype).view(x.shape)


def sized(x: Tensor) -> Tensor:
    return x * x / x.numel()


def detached(x: Tensor) -> Tensor:
    return (x * x).detach()


def constant(x: Tensor) -> Tensor:
    return torch.ones_like(x)


def of_the_first(a: Tensor, b: Tensor) -> Tensor:
    return a * a + torch.zeros_like(b)


def wrong_gradient(x: Tensor) -> Tensor:
    return StepFunction.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def differentiable_once(x: Tensor) -> Tensor:
    return OnceFunction.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def affine(x: Tensor) -> Tensor:
    return 2.0 * x + 1.0


def average(a: Tensor, b: Tensor) -> Tensor:
    return 0.5 * (a + b)


@primitive(even=True)
def not_even(x: Tensor) -> Tensor:
    return x * x * x


@primitive(even=True)
def even_but_at_zero(x: Tensor) -> Tensor:
    return torch.where(x >= 0, x, -x)


@primitive(odd=True)
def not_odd(x: Tensor) -> Tensor:
    return x * x


@primitive(odd=True)
def odd_of_two(a: Tensor, b: Tensor) -> Tensor:
    return a * b * b


@primitive(commutative=True)
def not_commutative(a: Tensor, b: Tensor) -> Tensor:
    return a * b * b


@primitive(commutative=True)
def commutative_but_at_ties(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(a >= b, a, b)


@primitive(commutative=True)
def commutative_alone(x: Tensor) -> Tensor:
    return x * x


@primitive(positive=True)
def not_positive(x: Tensor) -> Tensor:
    return x * x


@primitive(degree=2)
def not_of_degree_two(x: Tensor) -> Tensor:
    return x * x / (x.abs() + 1e-5)


@primitive(degree=float("nan"))
def of_no_degree(x: Tensor) -> Tensor:
    return x * x


def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


def alpha(x: Tensor) -> Tensor:
    return x * x


def functional(x: Tensor) -> Tensor:
    return x * x


def weight(x: Tensor) -> Tensor:
    return x * x


def norm_act(x: Tensor) -> Tensor:
    return x * x


def running_mean(x: Tensor) -> Tensor:
    return x * x


def pow(x: Tensor) -> Tensor:
    return x * x


def f(x: Tensor) -> Tensor:
    return x * x


def b12(x: Tensor) -> Tensor:
    return x * x


def gate_2(x: Tensor) -> Tensor:
    return x * x


def _hidden(x: Tensor) -> Tensor:
    return x * x


def smooth_abs(x: Tensor) -> Tensor:
    return x * x


def process_group(x: Tensor) -> Tensor:
    return torch.square(x)


if calls is not None:

    def indented(x: Tensor) -> Tensor:
        return torch.square(x)
