"""Where the values of a graph go in a drawing: ranks, orders and places of a layered layout.

Source: Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993); as
graphs of layers are small, ranks and places are linear programs given to a general solver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array

_SWEEPS = 24
_STRAIGHT = 8.0  # how much straighter a line between bends is to be than one between boxes
_LINE_WIDTH = 14.0  # room for a line that passes a rank


class Bend(NamedTuple):
    """Where the line of a value passes a rank."""

    source: int
    rank: int


Vertex = int | Bend
Pair = tuple[Vertex, Vertex]
Neighbours = defaultdict[Vertex, list[Vertex]]
Condition = tuple[dict[int, float], float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Values and bends by rank, from the top and from left to right, with the middle of each.

    A value has one line from rank to rank, however many use it; a use branches off in the rank
    right above the user.
    """

    ranks: tuple[tuple[Vertex, ...], ...]
    middle: dict[Vertex, float]


def layered(graph: nx.DiGraph[int], width: Mapping[int, float], gap: float) -> Layout:
    """Places for the values of an acyclic graph, `gap` or more between neighbours of a rank."""
    rank = _ranks(graph)
    rows: list[list[Vertex]] = [[] for _ in range(1 + max(rank.values()))]
    lines: list[Pair] = []
    # Depth first from the output, so that what belongs together begins together.
    for value in nx.dfs_postorder_nodes(graph.reverse(), _sinks(graph)[0]):
        rows[rank[value]].append(value)
        last = max((rank[user] for user in graph.successors(value)), default=rank[value])
        above: Vertex = value
        for at in range(rank[value] + 1, last + 1):
            users = [user for user in graph.successors(value) if rank[user] == at]
            lines += [(above, user) for user in users]
            if at < last:
                bend: Vertex = Bend(value, at)
                rows[at].append(bend)
                lines.append((above, bend))
                above = bend
    _order(rows, lines)
    return Layout(tuple(map(tuple, rows)), _places(rows, lines, width, gap))


def _sinks(graph: nx.DiGraph[int]) -> list[int]:
    return [value for value in graph if not graph.out_degree(value)]


def _ranks(graph: nx.DiGraph[int]) -> dict[int, int]:
    """Ranks from 0 that make all lines together as short as can be; inputs come above users."""
    values = list(graph)
    # Columns: the rank of each value, then the rank that its line reaches down to.
    count, column = len(values), {value: i for i, value in enumerate(values)}
    used = np.array([bool(graph.out_degree(value)) for value in values], float)
    cost = np.concatenate((-used, used))
    conditions: list[Condition] = []
    for source, user in graph.edges:
        # rank + 1 <= rank of the user <= where the line ends
        conditions.append(({column[source]: 1.0, column[user]: -1.0}, -1.0))
        conditions.append(({column[user]: 1.0, count + column[source]: -1.0}, 0.0))
        cost[column[user]] += 0.01  # of two equal layouts, the one with users further up
        cost[column[source]] -= 0.01
    # Differences of whole numbers: every corner of the polytope is whole, too.
    ranks = np.rint(_cheapest(cost, conditions)[:count]).astype(int)
    return {value: int(ranks[i] - ranks.min()) for i, value in enumerate(values)}


def _order(rows: list[list[Vertex]], lines: Sequence[Pair]) -> None:
    """Order each rank, in place, so that few lines cross: by the middle of neighbours, then by
    exchanging two that stand side by side.
    """
    above, below = _neighbours(lines)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for i in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            near = {v: k for k, v in enumerate(rows[i - 1] if down else rows[i + 1])}
            of = above if down else below
            middle = {
                v: float(np.mean([near[u] for u in of[v]])) if of[v] else float(k)
                for k, v in enumerate(rows[i])
            }
            rows[i].sort(key=middle.__getitem__)
        _exchange(rows, above, below)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _exchange(rows: list[list[Vertex]], above: Neighbours, below: Neighbours) -> None:
    """Exchange two that stand side by side where fewer lines cross then."""
    for i, row in enumerate(rows):
        sides = [
            (of, {v: k for k, v in enumerate(rows[at])})
            for of, at in ((above, i - 1), (below, i + 1))
            if 0 <= at < len(rows)
        ]
        for k in range(len(row) - 1):
            a, b = row[k : k + 2]
            now = sum(_crossed(of[a], of[b], place) for of, place in sides)
            then = sum(_crossed(of[b], of[a], place) for of, place in sides)
            if then < now:
                row[k : k + 2] = b, a


def _neighbours(lines: Sequence[Pair]) -> tuple[Neighbours, Neighbours]:
    above: Neighbours = defaultdict(list)
    below: Neighbours = defaultdict(list)
    for upper, lower in lines:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def _crossings(rows: Sequence[Sequence[Vertex]], below: Neighbours) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {v: k for k, v in enumerate(lower)}
        total += sum(_crossed(below[a], below[b], place) for a, b in combinations(upper, 2))
    return total


def _crossed(left: Sequence[Vertex], right: Sequence[Vertex], place: Mapping[Vertex, int]) -> int:
    """How many lines of one vertex cross lines of another to the right of it."""
    return sum(place[a] > place[b] for a in left for b in right)


def _places(
    rows: Sequence[Sequence[Vertex]],
    lines: Sequence[Pair],
    width: Mapping[int, float],
    gap: float,
) -> dict[Vertex, float]:
    """The middle of each vertex, so that lines are as steep as can be, bends above all."""
    column = {v: i for i, v in enumerate(v for row in rows for v in row)}
    size = len(column) + len(lines)
    cost = np.zeros(size)
    conditions: list[Condition] = []
    for left, right in (pair for row in rows for pair in pairwise(row)):
        apart = gap + (_width(left, width) + _width(right, width)) / 2
        conditions.append(({column[left]: 1.0, column[right]: -1.0}, -apart))
    for slope, (upper, lower) in enumerate(lines, len(column)):
        cost[slope] = _STRAIGHT ** ((isinstance(upper, Bend) + isinstance(lower, Bend)) / 2)
        for sign in (1.0, -1.0):
            terms = {column[upper]: sign, column[lower]: -sign, slope: -1.0}
            conditions.append((terms, 0.0))
    places = _cheapest(cost, conditions)
    return {v: float(places[i]) for v, i in column.items()}


def _cheapest(cost: NDArray[np.float64], conditions: Sequence[Condition]) -> NDArray[np.float64]:
    """Numbers from 0 up of least cost; a condition is a weighted sum of some and its limit."""
    if not conditions:
        return np.zeros(len(cost))
    at = [(i, j, weight) for i, (terms, _) in enumerate(conditions) for j, weight in terms.items()]
    row, column, weights = zip(*at, strict=True)
    table = csr_array((weights, (row, column)), shape=(len(conditions), len(cost)))
    limits = [limit for _, limit in conditions]
    found = milp(cost, constraints=LinearConstraint(table, -np.inf, limits))
    assert found.success  # far enough apart, everything has a place
    return np.asarray(found.x)


def _width(vertex: Vertex, width: Mapping[int, float]) -> float:
    return _LINE_WIDTH if isinstance(vertex, Bend) else width[vertex]
