"""A given layer as a graph of a search space, so that it can be mutated like one drawn there."""

from __future__ import annotations

import numpy as np

from search_spaces.canonical import canonical
from search_spaces.errors import GraphError
from search_spaces.graph import Graph, Node
from search_spaces.requirements import unmet_by
from search_spaces.sampling import random_node
from search_spaces.space import SearchSpace


def check_member(name: str, graph: Graph, space: SearchSpace) -> None:
    """Raises GraphError that says why the layer `name` is not one of the space's."""
    used = {node.op for node in graph.nodes} - set(space.primitives)
    foreign = sorted(used) + [initial for initial in graph.initial if initial not in space.initial]
    if foreign:
        why = f"uses {', '.join(foreign)}, which the space does not have"
    elif not graph.nodes:
        why = f"computes nothing: its output is {graph.initial[graph.output]} itself"
    elif len(graph.nodes) > space.num_nodes:
        why = f"needs {len(graph.nodes)} nodes, and the space has {space.num_nodes}"
    elif (missed := unmet_by(canonical(graph), space.requirements)) is not None:
        why = f"is not {missed}, which is required"
    else:
        return
    raise GraphError(
        f"{name} is no layer of the space {space.name!r}: it {why}; leave it out, or search a "
        "space that has it (`evonas spaces`)"
    )


def embed(graph: Graph, space: SearchSpace, rng: np.random.Generator) -> Graph:
    """The same layer with the space's initial nodes and its number of nodes.

    The nodes that were missing are drawn at random and dead: mutations need them to make the layer
    longer. Raises GraphError for a layer that the space does not have.
    """
    check_member("the layer", graph, space)
    base = len(space.initial)
    spare = space.num_nodes - len(graph.nodes)
    # Never after the last node, which is the output.
    dead = set(rng.permutation(space.num_nodes - 1)[:spare].tolist())
    place = [space.initial.index(name) for name in graph.initial]
    given = iter(graph.nodes)
    nodes: list[Node] = []
    for i in range(space.num_nodes):
        if i in dead:
            nodes.append(random_node(space, base + i, rng))
            continue
        node = next(given)
        nodes.append(Node(node.op, tuple(place[j] for j in node.inputs)))
        place.append(base + i)
    return Graph(space.initial, tuple(nodes))
