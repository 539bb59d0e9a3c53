"""Graph edit distance: how few changes lead from one layer's graph to another's, and which.

Source: the integer program F2 of Lerouge, Abu-Aisheh, Raveaux, Heroux and Adam, "New binary linear
programming formulation to compute the graph edit distance" (2017).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from search_spaces.canonical import canonical
from search_spaces.errors import GraphError
from search_spaces.graph import Graph
from search_spaces.primitives import COMMUTATIVE, MOMENTS

OUTPUT = -1  # stands for what reads the output of the graph, in both
MAX_VALUES = 100
_REPLACED = 1.001  # of two least ways, the one that keeps more operations
_TIME_LIMIT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Edits:
    """A way from one canonical graph to another.

    distance: values that are added, removed or replaced by others of their kind (initial, moment,
    element-wise on as many inputs), plus inputs that are added, removed or change places.
    pairs: positions in `one` and `other` of values that stand for each other. is_least: False if
    time ran out before it was known that no way is shorter.
    """

    one: Graph
    other: Graph
    distance: int
    pairs: dict[int, int]
    is_least: bool = True


@dataclass(frozen=True, slots=True)
class _Wiring:
    """Labels and kinds of the active values, and the input edges as (source, user, slot).

    A value replaces one of its kind alone: an initial value, a moment, an element-wise operation
    on as many inputs. `unordered` are the users whose inputs have no places: all slots are 0.
    """

    labels: dict[int, str]
    kinds: dict[int, str]
    edges: tuple[tuple[int, int, int], ...]
    unordered: frozenset[int]

    @classmethod
    def of(cls, graph: Graph) -> _Wiring:
        labels, kinds, edges = {OUTPUT: "output"}, {OUTPUT: "output"}, [(graph.output, OUTPUT, 0)]
        unordered = set()
        for position in graph.active():
            node = graph.node(position)
            if node is None:
                labels[position], kinds[position] = graph.initial[position], "initial"
                continue
            labels[position] = node.op
            kinds[position] = "moment" if node.op in MOMENTS else f"of {len(node.inputs)}"
            if node.op in COMMUTATIVE:
                unordered.add(position)
            ordered = position not in unordered
            edges += [(i, position, k if ordered else 0) for k, i in enumerate(node.inputs)]
        return cls(labels, kinds, tuple(edges), frozenset(unordered))


def edits(one: Graph, other: Graph, time_limit: float = _TIME_LIMIT) -> Edits:
    """The least edits between the canonical forms of two graphs; see `Edits`.

    Raises GraphError for graphs of more than 100 values.
    """
    one, other = canonical(one), canonical(other)
    if (size := max(len(one.active()), len(other.active()))) > MAX_VALUES:
        raise GraphError(f"graphs of up to {MAX_VALUES} values are compared, given one of {size}")
    a, b = _Wiring.of(one), _Wiring.of(other)
    program = _Program(a, b)
    found = milp(
        program.cost,
        integrality=program.whole,
        bounds=Bounds(0.0, 1.0),
        constraints=program.constraints,
        options={"time_limit": time_limit},
    )
    pairs = {OUTPUT: OUTPUT}
    if found.x is not None:
        pairs |= {i: j for (i, j), at in program.values.items() if found.x[at] > 0.5}
    return Edits(
        one,
        other,
        _price(a, b, pairs),
        {i: j for i, j in pairs.items() if i != OUTPUT},
        found.status == 0,
    )


def least_distance(one: Graph, other: Graph) -> int:
    """A bound that the distance of canonical graphs is never below, by counting alone."""
    a, b = _Wiring.of(one), _Wiring.of(other)
    total = abs(len(a.edges) - len(b.edges))
    for kind in {*a.kinds.values(), *b.kinds.values()}:
        left, right = (
            Counter(w.labels[i] for i, of in w.kinds.items() if of == kind) for w in (a, b)
        )
        total += max((left - right).total(), (right - left).total())
    return total


def _price(a: _Wiring, b: _Wiring, pairs: Mapping[int, int]) -> int:
    """The cost of the edits that a pairing of values needs."""
    total = len(a.labels) + len(b.labels) - 2 * len(pairs)
    total += sum(a.labels[i] != b.labels[j] for i, j in pairs.items())
    unordered = b.unordered | {pairs[u] for u in a.unordered if u in pairs}
    placed = ((pairs[s], pairs[u], k) for s, u, k in a.edges if s in pairs and u in pairs)
    before, after = (
        Counter((s, u, 0 if u in unordered else k) for s, u, k in edges)
        for edges in (placed, b.edges)
    )
    kept = before & after
    left, right = (Counter(e[:2] for e in (c - kept).elements()) for c in (before, after))
    moved = left & right  # the same input in another place
    return total + len(a.edges) + len(b.edges) - 2 * kept.total() - moved.total()


def _is_moved(
    a: _Wiring, b: _Wiring, before: tuple[int, int, int], after: tuple[int, int, int]
) -> bool:
    """Whether an input changes places, which it has only where the order of inputs matters."""
    ordered = before[1] not in a.unordered and after[1] not in b.unordered
    return ordered and before[2] != after[2]


class _Program:
    """Variables: whether a value stands for another, then whether an edge does."""

    def __init__(self, a: _Wiring, b: _Wiring) -> None:
        pairs = [(i, j) for i in a.labels for j in b.labels if a.kinds[i] == b.kinds[j]]
        self.values = {pair: at for at, pair in enumerate(pairs)}
        edges = [
            (e, f)
            for e, edge in enumerate(a.edges)
            for f, other in enumerate(b.edges)
            if all((i, j) in self.values for i, j in zip(edge[:2], other[:2], strict=True))
        ]
        # What a pair saves against removing one and adding the other, at 1 each.
        saved = [2 - _REPLACED * (a.labels[i] != b.labels[j]) for i, j in pairs]
        saved += [2 - _is_moved(a, b, a.edges[e], b.edges[f]) for e, f in edges]
        self.cost = -np.array(saved, float)
        # Once values are paired, the best edges are whole by themselves.
        self.whole = (np.arange(len(saved)) < len(pairs)).astype(int)
        self.constraints = self._constraints(a, b, edges)

    def _constraints(
        self, a: _Wiring, b: _Wiring, edges: Sequence[tuple[int, int]]
    ) -> LinearConstraint:
        sums: dict[tuple[str, int, int, int], list[int]] = defaultdict(list)
        for (i, j), at in self.values.items():
            sums["value", 0, i, 0].append(at)
            sums["value", 1, j, 0].append(at)
        for at, (e, f) in enumerate(edges, len(self.values)):
            sums["edge", 0, e, 0].append(at)
            sums["edge", 1, f, 0].append(at)
            for end in (0, 1):
                sums["end", end, e, b.edges[f][end]].append(at)
        table = lil_array((len(sums), len(self.cost)))
        limits = np.ones(len(sums))  # nothing stands for two
        for row, ((what, end, e, j), terms) in enumerate(sums.items()):
            table[row, terms] = 1.0
            if what == "end":  # edges stand for each other only where their ends do
                table[row, self.values[a.edges[e][end], j]] = -1.0
                limits[row] = 0.0
        return LinearConstraint(table.tocsr(), -np.inf, limits)
