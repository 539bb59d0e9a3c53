"""The operations a graph may use: one table for element-wise primitives, one for moments.

The vocabulary is closed but for primitives of the user's own, which `own_registry` adds and takes
away.

Source: Liu, Brock, Simonyan, Le, "Evolving Normalization-Activation Layers" (2020), its table of
primitives.
"""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.index_sets import INDEX_SETS
from search_spaces.own_primitive import NO_CLAIMS, Claims, OwnPrimitive


@dataclass(frozen=True, slots=True)
class Primitive:
    """An operation on tensors that broadcast against each other.

    `torch` is the expression that generated code uses, with `{0}` and `{1}` for the inputs and
    `{eps}` for the layer's epsilon. `infix` is how the text form writes a binary primitive; the
    others are calls.
    """

    name: str
    arity: int
    torch: str
    infix: str | None = None
    commutative: bool = False


# One primitive a line. Where a value or gradient would be undefined, the comment says the choice.
_ELEMENTWISE = (
    Primitive("add", 2, "{0} + {1}", infix="+", commutative=True),
    Primitive("mul", 2, "{0} * {1}", infix="*", commutative=True),
    # Not clamped: a quotient that explodes is for the rejection protocols to find.
    Primitive("div", 2, "{0} / {1}", infix="/"),
    # A tie splits the gradient evenly; max(y, 0) is generated as relu, whose gradient at 0 is 0.
    Primitive("max", 2, "torch.maximum({0}, {1})", commutative=True),
    Primitive("neg", 1, "-{0}"),
    Primitive("sigmoid", 1, "torch.sigmoid({0})"),
    Primitive("tanh", 1, "torch.tanh({0})"),
    Primitive("exp", 1, "torch.exp({0})"),
    # sign(x) ln(|x| + eps): 0 at 0, with gradient 0 there.
    Primitive("log", 1, "torch.sign({0}) * torch.log(torch.abs({0}) + {eps})"),
    Primitive("abs", 1, "torch.abs({0})"),
    Primitive("square", 1, "torch.square({0})"),
    # sign(x) sqrt(|x| + eps): 0 at 0, gradient 0 there; the epsilon bounds the slope beside it.
    Primitive("sqrt", 1, "torch.sign({0}) * torch.sqrt(torch.abs({0}) + {eps})"),
    # Beyond the paper, for the spaces that say so.
    Primitive("sub", 2, "{0} - {1}"),
    Primitive("min", 2, "torch.minimum({0}, {1})", commutative=True),
    Primitive("erf", 1, "torch.erf({0})"),
    Primitive("softplus", 1, "functional.softplus({0})"),
    Primitive("relu", 1, "torch.relu({0})"),
    # 1 / sqrt(|x| + eps): even, like the root it inverts.
    Primitive("rsqrt", 1, "torch.rsqrt(torch.abs({0}) + {eps})"),
)

ELEMENTWISE: dict[str, Primitive] = {p.name: p for p in _ELEMENTWISE}

# mean; rms = sqrt(mean(y^2) + eps); std = sqrt(biased variance + eps).
MOMENT_KINDS: tuple[str, ...] = ("mean", "rms", "std")

PAPER_ELEMENTWISE: tuple[str, ...] = tuple(p.name for p in _ELEMENTWISE[:12])
PAPER_INDEX_SETS: tuple[str, ...] = ("bs", "s", "sc", "sg")


def moment_name(kind: str, index_set: str) -> str:
    """Name of a moment as graphs store it: `moment_name("std", "sg")` is `std[sg]`."""
    return f"{kind}[{index_set}]"


MOMENTS: dict[str, tuple[str, str]] = {
    moment_name(kind, index_set): (kind, index_set)
    for kind in MOMENT_KINDS
    for index_set in INDEX_SETS
}

PAPER_PRIMITIVES: tuple[str, ...] = PAPER_ELEMENTWISE + tuple(
    moment_name(kind, index_set) for kind in MOMENT_KINDS for index_set in PAPER_INDEX_SETS
)


# Number of inputs of every primitive.
ARITIES: dict[str, int] = {
    **{name: p.arity for name, p in ELEMENTWISE.items()},
    **dict.fromkeys(MOMENTS, 1),
}
# Primitives whose two inputs may change places.
COMMUTATIVE: set[str] = {p.name for p in _ELEMENTWISE if p.commutative}

# What every process knows, and what this one knows besides: the user's own primitives by name.
VOCABULARY = frozenset(ARITIES)
OWN: dict[str, OwnPrimitive] = {}


def arity(op: str) -> int:
    """Number of inputs of a primitive; raises KeyError for an unknown name."""
    return ARITIES[op]


def is_known(op: str) -> bool:
    """Whether `op` names a primitive."""
    return op in ARITIES


def claims(op: str) -> Claims:
    """What is stated of an own primitive; nothing of the others, which have rules of their own."""
    return OWN[op].claims if op in OWN else NO_CLAIMS


def add_own(own: OwnPrimitive) -> None:
    """Make a checked primitive known in this process."""
    OWN[own.name] = own
    inputs = ", ".join(f"{{{i}}}" for i in range(own.arity))
    ELEMENTWISE[own.name] = Primitive(
        own.name, own.arity, f"{own.name}({inputs})", commutative=own.claims.commutative
    )
    ARITIES[own.name] = own.arity
    if own.claims.commutative:
        COMMUTATIVE.add(own.name)


def remove_own(name: str) -> None:
    """Forget an own primitive."""
    del OWN[name], ELEMENTWISE[name], ARITIES[name]
    COMMUTATIVE.discard(name)
