"""Own primitives in generated code: their definitions, above the class that calls them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from search_spaces.graph import Graph
from search_spaces.own_primitive import OwnPrimitive
from search_spaces.primitives import OWN


def own_primitives(graph: Graph) -> tuple[OwnPrimitive, ...]:
    """Those that the output depends on, by name."""
    if not OWN:
        return ()
    return tuple(OWN[op] for op in sorted({n.op for _, n in graph.active_nodes() if n.op in OWN}))


def definitions(graph: Graph) -> tuple[str, ...]:
    """The functions as text; a comment that says which one it is where the text cannot stand."""
    return tuple(
        own.definition or f"# {own.name} comes from outside this module: {own.pin}"
        for own in own_primitives(graph)
    )


def modules(graph: Graph) -> frozenset[str]:
    """What the definitions use: functional, math, or neither."""
    return frozenset(name for own in own_primitives(graph) for name in own.modules)


def functions(graph: Graph) -> Mapping[str, Callable[..., object]]:
    """The functions that have no definition in the generated code, by name."""
    return {own.name: own.function for own in own_primitives(graph) if not own.definition}


def obstacles(graph: Graph) -> tuple[str, ...]:
    """Why the generated code cannot stand alone, a sentence for each function."""
    return tuple(
        f"{own.reference} cannot stand in a module that needs torch alone: {own.obstacle}"
        for own in own_primitives(graph)
        if not own.definition
    )
