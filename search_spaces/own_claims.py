"""Whether an own primitive keeps what its author states of it, as far as numbers can tell."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from search_spaces.errors import PrimitiveError
from search_spaces.own_checks import Function, call, close
from search_spaces.own_primitive import Claims

# Zero and ties among them: there a value may keep a law that its gradient breaks.
_GRID = (-30.0, -4.5, -1.0, -0.3, 0.0, 0.3, 1.0, 2.0, 4.5, 30.0)
_FACTORS = (1e-3, 0.5, 3.0, 1e3)


def check_claims(function: Function, name: str, arity: int, claims: Claims) -> None:
    """Raises PrimitiveError for the first claim that does not hold."""
    grid = _grid(arity)
    unary = {"even": claims.even, "odd": claims.odd}
    for claim, made in unary.items():
        if made and arity != 1:
            raise PrimitiveError(f"{name} takes {arity} inputs: it cannot be {claim}")
    if claims.commutative and arity != 2:
        raise PrimitiveError(f"{name} takes {arity} inputs: only two can change places")
    if claims.degree is not None and not math.isfinite(claims.degree):
        raise PrimitiveError(f"the degree of {name} must be a number, given {claims.degree}")
    if claims.commutative and not _same(
        _outcome(function, name, grid), _swapped(function, name, grid)
    ):
        raise _false(name, "commutative", "f(b, a) is not f(a, b), or its gradients differ")
    for claim, made in unary.items():
        if made and not _mirrors(function, name, grid, 1 if claim == "even" else -1):
            raise _false(name, claim, "f(-x) differs, or its gradient, at 0 perhaps")
    if claims.positive and not bool((call(function, name, grid) > 0).all()):
        raise _false(name, "positive", "it is not above 0 on numbers between -30 and 30")
    if claims.degree is not None and not _scales(function, name, arity, claims.degree):
        raise _false(name, f"degree={claims.degree:g}", "f(k x) is not k^degree f(x)")


def _false(name: str, claim: str, why: str) -> PrimitiveError:
    return PrimitiveError(f"{name} is stated to be {claim}, but {why}; take the claim back")


def _grid(arity: int) -> tuple[Tensor, ...]:
    """All combinations of the numbers, as one vector for each input."""
    points = list(itertools.product(_GRID, repeat=arity))
    return tuple(torch.tensor(column, dtype=torch.float64) for column in zip(*points, strict=True))


def _outcome(function: Function, name: str, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Value and gradients."""
    leaves = tuple(x.clone().requires_grad_() for x in inputs)
    value = call(function, name, leaves)
    return (value.detach(), *torch.autograd.grad(value.sum(), leaves))


def _swapped(function: Function, name: str, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    value, second, first = _outcome(function, name, inputs[::-1])
    return value, first, second


def _mirrors(function: Function, name: str, inputs: tuple[Tensor, ...], sign: int) -> bool:
    value, gradient = _outcome(function, name, inputs)
    mirrored, slope = _outcome(function, name, (-inputs[0],))
    return _same((value, gradient), (sign * mirrored, -sign * slope))


def _same(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> bool:
    return all(close(a, b) for a, b in zip(left, right, strict=True))


def _scales(function: Function, name: str, arity: int, degree: float) -> bool:
    inputs = tuple(x[(x != 0)] for x in _grid(1)) if arity == 1 else _nonzero(_grid(arity))
    value = call(function, name, inputs)
    scaled = (
        (factor, call(function, name, tuple(factor * x for x in inputs))) for factor in _FACTORS
    )
    return all(close(result / factor**degree, value) for factor, result in scaled)


def _nonzero(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    kept = torch.stack(inputs).ne(0).all(0)
    return tuple(x[kept] for x in inputs)
