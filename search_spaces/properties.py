"""Static properties of a layer, proved on its graph."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.canonical import canonical
from search_spaces.errors import GraphError, nearest
from search_spaces.graph import Graph
from search_spaces.index_sets import BATCH, CHANNELS, SPACE, reduced_axes
from search_spaces.primitives import MOMENTS
from search_spaces.varies import varying_axes


@dataclass(frozen=True, slots=True)
class Properties:
    """What a layer does on paper, read off its canonical form."""

    depends_on_x: bool
    elementwise_path: (
        bool  # from x to the output; without one all positions collapse into statistics
    )
    mixes_batch: bool  # differs between training and evaluation
    mixes_positions: bool  # not causal: unusable in a causal language model
    mixes_channels: bool
    active_nodes: int  # computed values of the canonical form
    moments: int


# Requirement that a space or run may state -> what a layer must show.
REQUIREMENTS: dict[str, str] = {
    "batch-independent": "no moment over the batch",
    "causal": "no moment over space or over the batch",
}


def properties(graph: Graph) -> Properties:
    """The properties of a graph, dead nodes ignored."""
    return properties_of_canonical(canonical(graph))


def properties_of_canonical(graph: Graph) -> Properties:
    """As `properties`, for a graph that is canonical already."""
    axes = varying_axes(graph)
    on_x = [name == "x" for name in graph.initial]
    on_path = list(on_x)
    mixed: set[str] = set()
    moments = 0
    for node in graph.nodes:
        depends = any(on_x[i] for i in node.inputs)
        if node.op in MOMENTS:
            moments += 1
            reduced = reduced_axes(MOMENTS[node.op][1], axes[node.inputs[0]])
            mixed |= reduced if depends else set()
            on_path.append(not reduced and on_path[node.inputs[0]])
        else:
            on_path.append(any(on_path[i] for i in node.inputs))
        on_x.append(depends)
    return Properties(
        depends_on_x=on_x[-1],
        elementwise_path=on_path[-1],
        mixes_batch=BATCH in mixed,
        mixes_positions=bool(mixed & {BATCH, SPACE}),
        mixes_channels=bool(mixed & CHANNELS),
        active_nodes=len(graph.nodes),
        moments=moments,
    )


def check_requirements(names: tuple[str, ...]) -> None:
    """Raises GraphError if a requirement is not a known one."""
    for name in names:
        if name not in REQUIREMENTS:
            hint = nearest(name, REQUIREMENTS)
            raise GraphError(
                f"unknown requirement {name!r:.60}{hint}; allowed: {', '.join(REQUIREMENTS)}"
            )


def unmet(found: Properties, requirements: tuple[str, ...]) -> str | None:
    """The first requirement that a layer with these properties does not meet."""
    met = {
        "batch-independent": not found.mixes_batch,
        "causal": not found.mixes_positions,
    }
    return next((name for name in requirements if not met[name]), None)
