"""Search spaces: the paper's exactly, further ones, checked when built."""

from __future__ import annotations

import pytest

from search_spaces.canonical import canonical
from search_spaces.errors import GraphError
from search_spaces.primitives import PAPER_PRIMITIVES
from search_spaces.space import SPACES, SearchSpace, get_space
from search_spaces.zoo import zoo_graph


def test_the_spaces_of_the_paper() -> None:
    space = get_space("evonorm-b")
    assert space.initial == ("x", "0", "v0", "v1")
    assert space.num_nodes == 10
    assert len(space.primitives) == 24
    assert space.elementwise == tuple(
        "add mul div max neg sigmoid tanh exp log abs square sqrt".split()  # noqa: SIM905
    )
    assert set(space.moments) == {
        f"{kind}[{axes}]" for kind in ("mean", "rms", "std") for axes in ("bs", "s", "sc", "sg")
    }
    assert space.requirements == ()
    same = get_space("evonorm-s")
    assert same.primitives == space.primitives == PAPER_PRIMITIVES
    assert same.requirements == ("batch-independent",)


@pytest.mark.parametrize(
    ("space", "layers"),
    [
        ("evonorm-b", ("BN-ReLU", "BN-SiLU", "EvoNorm-B0", "EvoNorm-B2", "GN-ReLU", "FRN-TLU")),
        ("evonorm-s", ("EvoNorm-S0", "GN-SiLU", "IN-ReLU", "LN-ReLU")),
        ("universal", ("BN-ReLU", "RMSNorm-SiLU", "EvoNorm-S0", "RMSNorm")),
        ("pointwise", ("DyT", "Derf", "SiLU", "tanh", "ReLU")),
    ],
)
def test_known_layers_lie_in_the_spaces_that_should_have_them(
    space: str, layers: tuple[str, ...]
) -> None:
    for name in layers:
        graph = canonical(zoo_graph(name))
        assert set(graph.initial) <= set(get_space(space).initial)
        assert {node.op for node in graph.nodes} <= set(get_space(space).primitives)
        assert len(graph.nodes) <= get_space(space).num_nodes


def test_pointwise_layers_have_no_moments() -> None:
    assert get_space("pointwise").moments == ()


def test_an_unknown_space_names_the_nearest() -> None:
    with pytest.raises(
        GraphError, match=r"unknown space 'evonorm-c' \(did you mean 'evonorm-[bs]'"
    ):
        get_space("evonorm-c")
    assert all(name == space.name for name, space in SPACES.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"primitives": ("add", "sigmod")}, "unknown primitive 'sigmod'.*did you mean 'sigmoid'"),
        ({"initial": ("x", "v2")}, "unknown initial node 'v2'"),
        ({"initial": ("v0", "v1")}, "needs the initial node x and an element-wise primitive"),
        ({"initial": ("x", "x")}, "'x' twice"),
        ({"primitives": ("add", "neg", "add")}, "'add' twice"),
        ({"primitives": ("std[s]",)}, "needs the initial node x and an element-wise primitive"),
        ({"num_nodes": 0}, "num_nodes .* must lie in 1..100, given 0"),
        ({"num_nodes": 101}, "num_nodes .* must lie in 1..100, given 101"),
        ({"requirements": ("casual",)}, "unknown requirement 'casual' .did you mean 'causal'"),
    ],
)
def test_wrong_spaces_are_refused(changes: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "name": "mine",
        "initial": ("x", "v0"),
        "primitives": ("add", "neg"),
        "num_nodes": 5,
    }
    with pytest.raises(GraphError, match=message):
        SearchSpace(**(given | changes))  # type: ignore[arg-type]
