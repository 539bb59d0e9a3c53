"""Search spaces: which graphs a search may draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from search_spaces.errors import GraphError, nearest
from search_spaces.graph import NAMED_INITIAL, is_constant
from search_spaces.index_sets import BATCH, INDEX_SETS, NO_AXES, SPACE, Axes
from search_spaces.primitives import (
    ELEMENTWISE,
    MOMENTS,
    PAPER_ELEMENTWISE,
    PAPER_PRIMITIVES,
    is_known,
)
from search_spaces.requirements import check_requirements

# Requirement -> axes that no moment of x may average over.
_RULED_OUT: dict[str, Axes] = {
    "batch-independent": frozenset((BATCH,)),
    "causal": frozenset((BATCH, SPACE)),
}


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Initial nodes, primitives, number of intermediate nodes, and what every layer must meet.

    Raises GraphError if a name is unknown, x is missing, or no element-wise primitive is allowed.
    """

    name: str
    initial: tuple[str, ...]
    primitives: tuple[str, ...]
    num_nodes: int
    requirements: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for op in self.primitives:
            if not is_known(op):
                hint = nearest(op, (*ELEMENTWISE, *MOMENTS))
                raise GraphError(
                    f"unknown primitive {op!r:.60} in space {self.name!r}{hint}; "
                    "`evonas primitives` lists them; a function of your own is named beside the "
                    "space, by `primitives` of a run file or --primitive"
                )
        for name in self.initial:
            if name not in NAMED_INITIAL and not is_constant(name):
                hint = nearest(name, NAMED_INITIAL)
                raise GraphError(
                    f"unknown initial node {name!r:.60} in space {self.name!r}{hint}; allowed: "
                    f"{', '.join(NAMED_INITIAL)} and decimal constants"
                )
        for names in (self.primitives, self.initial):
            for name in names:
                if names.count(name) > 1:
                    raise GraphError(f"space {self.name!r:.60} lists {name!r} twice")
        if "x" not in self.initial or not self.elementwise:
            raise GraphError(
                f"space {self.name!r} needs the initial node x and an element-wise primitive"
            )
        if not 1 <= self.num_nodes <= 100:
            raise GraphError(
                f"num_nodes of space {self.name!r} must lie in 1..100, given {self.num_nodes}"
            )
        check_requirements(self.requirements)

    @property
    def elementwise(self) -> tuple[str, ...]:
        """The primitives that work on each element alone."""
        return tuple(op for op in self.primitives if op in ELEMENTWISE)

    @property
    def moments(self) -> tuple[str, ...]:
        """The primitives that average."""
        return tuple(op for op in self.primitives if op in MOMENTS)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The primitives but for moments that break a requirement, if they average x at all."""
        out = NO_AXES.union(*(_RULED_OUT.get(name, NO_AXES) for name in self.requirements))
        return tuple(
            op
            for op in self.primitives
            if op not in MOMENTS or not out & INDEX_SETS[MOMENTS[op][1]]
        )

    def requiring(self, names: Iterable[str]) -> SearchSpace:
        """The space with further requirements."""
        further = tuple(name for name in names if name not in self.requirements)
        return replace(self, requirements=(*self.requirements, *further)) if further else self


_PAPER_INITIAL = ("x", "0", "v0", "v1")
_POINTWISE_INITIAL = (*_PAPER_INITIAL, "alpha", "shift", "0.5", "1")
_UNIVERSAL = PAPER_ELEMENTWISE + tuple(MOMENTS)

# The first two are the paper's: 24 primitives, 4 initial and 10 intermediate nodes. `universal` has
# the index sets of convolutional networks and of transformers; `pointwise` has no moments, as the
# layers DyT and Derf (arXiv 2503.10622, 2512.10938).
SPACES: dict[str, SearchSpace] = {
    space.name: space
    for space in (
        SearchSpace("evonorm-b", _PAPER_INITIAL, PAPER_PRIMITIVES, 10),
        SearchSpace("evonorm-s", _PAPER_INITIAL, PAPER_PRIMITIVES, 10, ("batch-independent",)),
        SearchSpace("universal", _PAPER_INITIAL, _UNIVERSAL, 10),
        SearchSpace("pointwise", _POINTWISE_INITIAL, (*PAPER_ELEMENTWISE, "erf"), 10),
    )
}


def get_space(name: str) -> SearchSpace:
    """The space of that name; raises GraphError that names the nearest known one."""
    if name not in SPACES:
        raise GraphError(
            f"unknown space {name!r:.60}{nearest(name, SPACES)}; allowed: {', '.join(SPACES)}"
        )
    return SPACES[name]
