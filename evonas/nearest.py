"""The known layer that a layer is most like, by the edits between their graphs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from search_spaces.canonical import canonical
from search_spaces.edit_distance import MAX_VALUES, edits, least_distance
from search_spaces.graph import Graph
from search_spaces.zoo import ZOO, zoo_graph

_TIME_LIMIT = 3.0  # seconds in all


@dataclass(frozen=True, slots=True)
class Nearest:
    """A known layer and its graph edit distance (`search_spaces.edit_distance`).

    is_least: False if time ran out before it was known that none is nearer.
    """

    name: str
    distance: int
    is_least: bool


def nearest_known(graph: Graph, time_limit: float = _TIME_LIMIT) -> Nearest | None:
    """The zoo layer with the fewest edits between it and a graph, the first in the zoo of equals.

    None for a graph that is too large to compare.
    """
    graph = canonical(graph)
    if len(graph.active()) > MAX_VALUES:
        return None
    end = time.monotonic() + time_limit
    known = {name: canonical(zoo_graph(name)) for name in ZOO}
    bounds = {name: least_distance(graph, other) for name, other in known.items()}
    best: Nearest | None = None
    for name in sorted(known, key=bounds.__getitem__):
        if best and bounds[name] >= best.distance:
            break
        left = end - time.monotonic()
        if best and left <= 0:
            return Nearest(best.name, best.distance, False)
        found = edits(graph, known[name], max(left, 1.0))
        is_least = found.is_least and (best is None or best.is_least)
        if best is None or found.distance < best.distance:
            best = Nearest(name, found.distance, is_least)
        else:
            best = Nearest(best.name, best.distance, is_least)
    return best
