"""What a run asks of layers: the scores on its anchors, and static costs beside them."""

from __future__ import annotations

from collections.abc import Sequence

from search_spaces.canonical import canonical
from search_spaces.cost import Cost, cost
from search_spaces.errors import nearest
from search_spaces.graph import Graph
from search_spaces.varies import varying_axes

SCORES = "scores"
COSTS: tuple[str, ...] = tuple(Cost.__slots__)
OBJECTIVES = (SCORES, *COSTS)


def check_objectives(names: Sequence[str]) -> None:
    """Raises ValueError for an unknown objective, one given twice, or without the scores."""
    for name in names:
        if name not in OBJECTIVES:
            raise ValueError(
                f"unknown objective {name!r:.60}{nearest(name, OBJECTIVES)}; allowed: "
                f"{', '.join(OBJECTIVES)}"
            )
        if names.count(name) > 1:
            raise ValueError(f"the objective {name!r} is there twice; leave one out")
    if SCORES not in names:
        raise ValueError(
            f"{', '.join(names) or 'nothing'} alone would breed the cheapest layer; add {SCORES!r}"
        )


def costs_of(graph: Graph, names: Sequence[str]) -> dict[str, float]:
    """The static costs of a layer that have these names, less is better."""
    if not names:
        return {}
    simplified = canonical(graph)
    found = cost(simplified, varying_axes(simplified))
    return {name: float(getattr(found, name)) for name in names}
