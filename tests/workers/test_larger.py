"""Anchors made deeper and wider."""

from functools import partial

import pytest

from search_spaces.layer import layer_class
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS
from workers.anchors import NetworkConfig, OwnConfig, ViTConfig, build_network
from workers.anchors.larger import is_larger, larger, size


@pytest.mark.parametrize("name", NETWORKS)
def test_a_larger_network_can_be_built_and_has_more_of_all(name: str) -> None:
    before, after = NETWORKS[name], larger(NETWORKS[name])
    old, new = size(before), size(after)
    assert old is not None
    assert new is not None
    assert all(a > b for a, b in zip(new, old, strict=True))
    assert is_larger(after, before)
    assert not is_larger(before, after)
    layer = partial(layer_class(graph_of("RMSNorm-SiLU")), groups=2)
    shape, classes = ((16,), 10) if name == "gpt" else ((3, 8, 8), 10)
    counts = [layers_of(name, network, layer, shape, classes) for network in (before, after)]
    assert counts[1] > counts[0]


def layers_of(
    name: str, network: NetworkConfig, layer: object, shape: tuple[int, ...], classes: int
) -> int:
    """How often the layer stands in the network."""
    made = build_network(name, network, layer, shape, classes, (0, 1)).module  # type: ignore[arg-type]
    kind = layer.func  # type: ignore[attr-defined]
    return sum(isinstance(module, kind) for module in made.modules())


def test_a_network_is_not_larger_than_itself_nor_than_one_it_cannot_be_compared_with() -> None:
    own, vit = OwnConfig(), ViTConfig(width=48, depth=2, heads=3)
    assert larger(own) == own
    assert size(own) is None
    for one, other in ((own, own), (vit, vit), (vit, own), (vit, ViTConfig(width=32, depth=4))):
        assert not is_larger(one, other)
    assert is_larger(ViTConfig(width=48, depth=3), vit), "deeper is enough"
    assert larger(vit) == ViTConfig(width=64, depth=3, heads=4)
