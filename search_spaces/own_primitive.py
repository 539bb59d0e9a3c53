"""A primitive of the user's own: a function on tensors, and what its author states about it.

A module of the user's, named on the command line as `my_ops:mish`:

    import torch

    from search_spaces.own_primitive import primitive


    @primitive(odd=True)
    def cubic(x: torch.Tensor) -> torch.Tensor:
        return x * torch.square(x)

It takes one to three tensors, the parameters without a default; those with one are plain numbers,
and keep it. Training and the stability protocol ask for two derivatives, so no third is needed; a
function that is constant in pieces, such as torch.sign, is admitted: its gradient is 0. Without the
decorator nothing is stated, which is always safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

_ATTRIBUTE = "__evonas_claims__"
_Function = TypeVar("_Function", bound="Callable[..., torch.Tensor]")


@dataclass(frozen=True, slots=True)
class Claims:
    """What is stated of a function, for all finite numbers; the defaults state nothing.

    commutative: f(a, b) = f(b, a). even, odd: f(-x) = f(x), or -f(x), gradient included. positive:
    f > 0. degree: f(k x) = k^degree f(x) for k > 0, all inputs scaled together.
    """

    commutative: bool = False
    even: bool = False
    odd: bool = False
    positive: bool = False
    degree: float | None = None


NO_CLAIMS = Claims()


def primitive(
    *,
    commutative: bool = False,
    even: bool = False,
    odd: bool = False,
    positive: bool = False,
    degree: float | None = None,
) -> Callable[[_Function], _Function]:
    """A decorator that states properties of a function and leaves it as it is; see `Claims`."""
    claims = Claims(commutative, even, odd, positive, degree)

    def mark(function: _Function) -> _Function:
        setattr(function, _ATTRIBUTE, claims)
        return function

    return mark


def claims_of(function: Callable[..., torch.Tensor]) -> Claims:
    """What the decorator states of a function."""
    claims = getattr(function, _ATTRIBUTE, NO_CLAIMS)
    assert isinstance(claims, Claims)
    return claims


@dataclass(frozen=True, slots=True)
class OwnPrimitive:
    """A function that passed the checks.

    `reference` names it as `module:name`; `pin` hashes its source and claims. `definition` is its
    source as it stands in generated modules, which import `modules` for it; "" if it cannot stand
    there, for the reason `obstacle`. `passes`: operations on a full tensor; `kept`: full tensors
    beside its inputs that its backward pass keeps.
    """

    name: str
    reference: str
    function: Callable[..., torch.Tensor]
    arity: int
    claims: Claims
    pin: str
    definition: str
    modules: tuple[str, ...]
    obstacle: str
    passes: int
    kept: int

    @property
    def pinned(self) -> str:
        """`module:name@pin`, as runs store it."""
        return f"{self.reference}@{self.pin}"

    @property
    def identity(self) -> str:
        """What digests hash for the name: another function of that name has another digest."""
        return f"{self.name}@{self.pin}"

    @property
    def laws(self) -> tuple[tuple[str, str], ...]:
        """Laws of the canonical form that the claims give, in the notation of the table."""
        if self.claims.even:
            same = f"{self.name}(a)"
            return ((f"{self.name}(neg(a))", same), (f"{self.name}(abs(a))", same))
        if self.claims.odd:
            return ((f"{self.name}(neg(a))", f"neg({self.name}(a))"),)
        return ()
