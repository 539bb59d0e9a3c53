"""Static properties of a layer, proved on its graph: what is not claimed may hold all the same."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.canonical import canonical
from search_spaces.cost import Cost, cost
from search_spaces.expressions import Expressions
from search_spaces.graph import Graph, Node
from search_spaces.index_sets import BATCH, CHANNELS, SPACE, Axes, reduced_axes
from search_spaces.primitives import MOMENTS
from search_spaces.responses import Responses
from search_spaces.varies import varying_axes


@dataclass(frozen=True, slots=True)
class Structure:
    """What is read off the wiring of a canonical graph alone."""

    depends_on_x: bool
    elementwise_path: (
        bool  # from x to the output; without one all positions collapse into statistics
    )
    mixes_batch: bool  # differs between training and evaluation
    mixes_positions: bool  # not causal: unusable in a causal language model
    mixes_channels: bool
    affine: bool  # in x: a network of such layers is linear
    only_normalizes: bool  # affine in x if statistics are taken as numbers: it does not activate
    active_nodes: int  # computed values of the canonical form
    moments: int


@dataclass(frozen=True, slots=True)
class Properties(Structure):
    """What a layer does on paper, before the closing affine, up to the epsilon under roots."""

    degree: float | None  # f(k x) = k^degree f(x) for k > 0, in training; 0: scale-invariant
    shift_invariant: bool  # f(x + c) = f(x) for a number c, in training
    cost: Cost


def properties(graph: Graph) -> Properties:
    """The properties of a graph, dead nodes ignored."""
    return properties_of_canonical(canonical(graph))


def properties_of_canonical(graph: Graph) -> Properties:
    """As `properties`, for a graph that is canonical already."""
    axes = varying_axes(graph)
    found = structure(graph, axes)
    expressions = Expressions()
    output = expressions.read(graph)
    scaled = Responses(expressions, x_is_multiplicative=True)
    shifted = Responses(expressions, x_is_multiplicative=False)
    return Properties(
        **{name: getattr(found, name) for name in Structure.__slots__},
        degree=scaled.degree(output),
        shift_invariant=shifted.of(output).none,
        cost=cost(graph, axes),
    )


def structure(graph: Graph, axes: tuple[Axes, ...] | None = None) -> Structure:
    """The part of the properties of a canonical graph that takes little time."""
    axes = axes or varying_axes(graph)
    on_x = [name == "x" for name in graph.initial]
    on_path = list(on_x)
    affine = [True] * len(on_x)
    given_statistics = [True] * len(on_x)
    mixed: set[str] = set()
    moments = 0
    for node in graph.nodes:
        depends = any([on_x[i] for i in node.inputs])
        path = any([on_path[i] for i in node.inputs])
        reduced = None
        if node.op in MOMENTS:
            moments += 1
            reduced = reduced_axes(MOMENTS[node.op][1], axes[node.inputs[0]])
            path = path and not reduced
            if depends:
                mixed |= reduced
        affine.append(_is_affine(node, on_x, affine, depends, bool(reduced)))
        given_statistics.append(_is_affine(node, on_path, given_statistics, path, False))
        on_x.append(depends)
        on_path.append(path)
    return Structure(
        depends_on_x=on_x[-1],
        elementwise_path=on_path[-1],
        mixes_batch=BATCH in mixed,
        mixes_positions=bool(mixed & {BATCH, SPACE}),
        mixes_channels=bool(mixed & CHANNELS),
        affine=affine[-1],
        only_normalizes=given_statistics[-1] and on_path[-1],
        active_nodes=len(graph.nodes),
        moments=moments,
    )


def _is_affine(
    node: Node, depends: list[bool], affine: list[bool], now_depends: bool, mean: bool
) -> bool:
    """Whether a value is affine, given which of its inputs are and which depend on x at all."""
    if not now_depends:
        return True
    match node.op:
        case "add" | "sub" | "neg":
            return all(affine[i] for i in node.inputs)
        case "mul":
            left, right = node.inputs
            return affine[left] and affine[right] and not (depends[left] and depends[right])
        case "div":
            return affine[node.inputs[0]] and not depends[node.inputs[1]]
    return mean and node.op.startswith("mean") and affine[node.inputs[0]]
