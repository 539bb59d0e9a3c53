"""Claims of the static analysis held against behaviour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from search_spaces.canonical import canonical
from search_spaces.graph import Graph
from search_spaces.properties import Properties, properties_of_canonical
from search_spaces.text_printer import format_graph
from tests.support.behaviour import Behaviour, behaviour

# Property -> (claimed, seen).
CLAIMS: dict[str, tuple[Callable[[Properties], bool], Callable[[Behaviour], bool]]] = {
    "batch-independent": (lambda p: not p.mixes_batch, lambda b: b.batch_independent),
    "causal": (lambda p: not p.mixes_positions, lambda b: b.causal),
    "channels apart": (lambda p: not p.mixes_channels, lambda b: b.channels_apart),
    "homogeneous": (lambda p: p.degree is not None, lambda b: b.degree is not None),
    "scale-invariant": (lambda p: p.degree == 0, lambda b: b.degree == 0),
    "shift-invariant": (lambda p: p.shift_invariant, lambda b: b.shift_invariant),
    "affine": (lambda p: p.affine, lambda b: b.affine),
}
# Scales and offsets of further inputs: what holds by chance on one does not on all.
_FURTHER = ((1.0, 0.0), (10.0, 0.0), (1.0, 4.0), (1.0, -4.0), (0.2, 0.0), (30.0, 0.0))


@dataclass(slots=True)
class Census:
    """Counts by property: seen at all, seen but not claimed, claimed but not seen."""

    tested: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)

    def table(self) -> str:
        rows = [f"{self.tested} graphs, {len(self.false)} false claims"]
        rows += [
            f"{name:<20}{self.seen[name]:>8} seen{self.silent[name]:>7} not claimed "
            f"{100 * self.silent[name] / max(1, self.seen[name]):5.1f} %"
            for name in CLAIMS
        ]
        return "\n".join(rows)


def census(graphs: Iterable[Graph]) -> Census:
    """Hold the claims on graphs against their behaviour with random parameters."""
    found = Census()
    for seed, graph in enumerate(map(canonical, graphs)):
        seen = behaviour(graph, seed) if "x" in graph.initial else None
        if seen is None:
            continue
        claimed = properties_of_canonical(graph)
        found.tested += 1
        if not claimed.depends_on_x and seen.depends_on_x:
            found.false.append(f"{seed} no x: {format_graph(graph)}")
        if claimed.degree is not None and claimed.degree != seen.degree and seen.depends_on_x:
            found.false.append(f"{seed} degree {claimed.degree}: {format_graph(graph)}")
        for name, (claim, shows) in CLAIMS.items():
            if claim(claimed) and not shows(seen):
                found.false.append(f"{seed} {name}: {format_graph(graph)}")
            if not seen.depends_on_x or not shows(seen):
                continue
            if claim(claimed):
                found.seen[name] += 1
            elif _holds_always(graph, seed, shows):
                found.seen[name] += 1
                found.silent[name] += 1
    return found


def _holds_always(graph: Graph, seed: int, shows: Callable[[Behaviour], bool]) -> bool:
    further = [behaviour(graph, seed + i, *where) for i, where in enumerate(_FURTHER)]
    moderate = [seen for seen in further if seen is not None]
    return len(moderate) >= 3 and all(seen.depends_on_x and shows(seen) for seen in moderate)
