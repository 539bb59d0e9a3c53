"""Canonical form and digest: one for equal graphs, another for others, the same layer always."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

from search_spaces.canonical import canonical, canonical_and_digest, digest
from search_spaces.graph import Graph, Node
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_digests, zoo_graph
from tests.support.compare import assert_same
from tests.support.graph_changes import ordered_form, rewritten
from tests.support.graphs import random_graph
from tests.support.processes import outputs_by_hash_seed


def graphs(count: int, nodes: int, first: int = 0) -> list[Graph]:
    return [random_graph(np.random.default_rng(first + i), nodes) for i in range(count)]


def test_the_canonical_form_computes_the_same() -> None:
    finite = 0
    for seed, graph in enumerate(graphs(300, 9)):
        try:
            finite += assert_same(graph, canonical(graph), seed)
        except AssertionError as error:
            raise AssertionError(f"{seed}: {graph}") from error
    assert finite >= 100


def test_rewritten_graphs_have_one_digest() -> None:
    rng = np.random.default_rng(5)
    for graph in graphs(500, 10, 1000):
        simplified, expected = canonical_and_digest(graph)
        other, found = canonical_and_digest(rewritten(graph, rng))
        assert found == expected == digest(graph)
        assert other == simplified == canonical(simplified)
        assert digest(simplified) == expected


def test_digests_agree_with_graph_isomorphism() -> None:
    """Digests of canonical forms are equal exactly if the forms are isomorphic."""

    def isomorphic(a: Graph, b: Graph) -> bool:
        return networkx.is_isomorphic(
            a.to_networkx(),
            b.to_networkx(),
            node_match=lambda m, n: m["label"] == n["label"],
            edge_match=networkx.isomorphism.numerical_multiedge_match("slot", 0),
        )

    # Small graphs, so that some coincide.
    forms = [canonical(graph) for graph in graphs(1500, 3, 5000)]
    by_digest: dict[str, list[Graph]] = {}
    for form in forms:
        by_digest.setdefault(digest(form), []).append(form)
    assert 100 < len(by_digest) < 1400
    for same in by_digest.values():
        assert all(isomorphic(same[0], other) for other in same[1:5])
    by_labels: dict[tuple[str, ...], list[Graph]] = {}
    for first, *_ in by_digest.values():
        labels = tuple(sorted((*first.initial, *(node.op for node in first.nodes))))
        by_labels.setdefault(labels, []).append(first)
    compared = 0
    for alike in by_labels.values():
        for i, a in enumerate(alike):
            for b in alike[:i]:
                assert not isomorphic(a, b), (a, b)
                compared += 1
    assert compared >= 20


def test_digests_are_stable() -> None:
    """Stored histories name layers by these; another digest needs another CANONICAL_VERSION."""
    assert {name: found for found, name in zoo_digests().items()} == DIGESTS
    assert digest(parse("x")).startswith("c1-")


def test_digests_are_the_same_in_every_process() -> None:
    script = (
        "import numpy as np, sys\n"
        "from search_spaces.canonical import digest\n"
        "from tests.support.graphs import random_graph\n"
        "for s in range(50): print(digest(random_graph(np.random.default_rng(s))))\n"
        "assert 'torch' not in sys.modules\n"
    )
    runs = outputs_by_hash_seed(script)
    assert runs[0] == runs[1] != ""


@pytest.mark.parametrize("name", ZOO)
def test_zoo_layers_keep_their_meaning(name: str) -> None:
    graph = zoo_graph(name)
    assert assert_same(graph, canonical(graph))
    assert zoo_digests()[digest(graph)] == name


def test_hostile_graphs_take_little_time() -> None:
    """Shared values that would be exponential in a walk over the tree."""
    for op, start in (("add", "1"), ("mul", "x"), ("div", "x"), ("max", "1"), ("min", "1")):
        nodes = [Node("tanh", (0,))]
        for i in range(1, 998):
            nodes.append(Node(op, (i, i - 1)) if i % 2 else Node("tanh", (i,)))
        graph = Graph((start,), tuple(nodes))
        form, found = canonical_and_digest(graph)
        assert canonical_and_digest(form) == (form, found)
    squares = Graph(("x",), tuple(Node("mul", (i, i)) for i in range(999)))
    assert len(canonical(squares).nodes) == 999


def test_walks_from_the_output_are_unaffected_by_dead_nodes() -> None:
    graph = parse("x * sigmoid(v1 * x)")
    dead = Graph(graph.initial, (Node("exp", (0,)), *_shifted(graph)))
    assert ordered_form(dead) == ordered_form(graph)
    assert digest(dead) == digest(graph)


def _shifted(graph: Graph) -> list[Node]:
    base = len(graph.initial)
    return [Node(n.op, tuple(i + (i >= base) for i in n.inputs)) for n in graph.nodes]


DIGESTS: dict[str, str] = {
    "BN-ReLU": "c1-363f3696eccf233d58cc24ee6dd72b81",
    "BN-SiLU": "c1-a10d0c5f9bcc938dd061efb0e34f34ee",
    "GN-ReLU": "c1-df580a6dbe3e5be7abbee34cfa3dccd1",
    "GN-SiLU": "c1-1689d2009487558e148f6c1d3d56980a",
    "LN-ReLU": "c1-201c64095acbd18e02b13d0ef1859ada",
    "LN-GELU": "c1-f088f8c05d93cc193110e7ef4d0edd8b",
    "IN-ReLU": "c1-7f36c8b82b8f846ab1c0fd3350780616",
    "RMSNorm": "c1-5b9374c276e498121a90e32840bae888",
    "RMSNorm-SiLU": "c1-4396f44ba632ff7e0ee5b349a4989e1f",
    "SELU": "c1-3317c7e68175ac3b5ef468b87b6480e7",
    "FRN-TLU": "c1-9869e66ce56c56746f9dc0f5298cb5f6",
    "EvoNorm-B0": "c1-aa6590bceeefe3c4f1ec04cdf0a8c5c5",
    "EvoNorm-B1": "c1-4fde110598adce2b912f249aa7db9900",
    "EvoNorm-B2": "c1-96be9559bca9901d6d09a5a1d0f6fe08",
    "EvoNorm-S0": "c1-310b8313bc0a85b7bfc368ff43b35f69",
    "EvoNorm-S1": "c1-30cb072d169bcedb6dec04b4ccfb651f",
    "EvoNorm-S2": "c1-406175d4f8716ebe5a0435513ff9ed8f",
    "DyT": "c1-5799cb4247a95f48a352655bbf3804bf",
    "Derf": "c1-5c2ef3b5f909a71fceb46999c19f5b9f",
    "PowerNorm": "c1-0cee53a155513706ba068d78a2c3c470",
    "BCN": "c1-a3f31c98356e430b530462f9b049b8e9",
    "rectifier": "c1-d1b8f428fb15b805957d3ad867288ffc",
    "ReLU": "c1-c9eb3e55d302add2c0d847e3cb8780eb",
    "SiLU": "c1-0442664026011f71285174a259a5664f",
    "tanh": "c1-ebdde37ca621d4d49bc81e9d47cc4bce",
    "GELU": "c1-f8eed3b477bec6d4f05e478a0891fd0e",
}
