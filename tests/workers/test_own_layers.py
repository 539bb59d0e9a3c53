"""Layers of the user's own: called with what they name, an affine where none is wanted."""

import sys
import types
from dataclasses import replace

import pytest
import torch
from torch import nn

from search_spaces.dotted import DottedNameError
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS, TINY
from workers.data import TextConfig
from workers.evaluation import UnfitLayerError, evaluate
from workers.own_layers import ChannelAffine, evaluate_own, own_digest, own_layer
from workers.settings import AnchorConfig

HERE = "tests.workers.test_own_layers"


class Plain(nn.GroupNorm):
    """Takes channels alone."""

    def __init__(self, channels: int) -> None:
        super().__init__(2, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).relu()


class Knowing(nn.Module):
    """Takes all there is."""

    def __init__(self, num_features: int, apply_act: bool = True, groups: int = 32) -> None:
        super().__init__()
        self.given = (num_features, apply_act, groups)


class Tanh(nn.Module):
    """As the zoo's tanh with its affine, of any layout."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.affine = ChannelAffine(num_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.affine(torch.tanh(x))
        return y


class Pooled(nn.Module):
    """Gives what still broadcasts."""

    def __init__(self, num_features: int) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3), keepdim=True)


class Several(nn.Module):
    """Gives more than a tensor."""

    def __init__(self, num_features: int) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, int]:
        return x, 1


class InPlace(nn.Module):
    """Writes to what the network adds to it later."""

    def __init__(self, num_features: int) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.relu_()


def no_class(num_features: int) -> nn.Module:
    return nn.Identity()


def test_a_class_gets_what_its_constructor_names() -> None:
    knowing = own_layer(f"{HERE}:Knowing")(8, apply_act=False, groups=4)
    assert knowing.given == (8, False, 4)
    assert isinstance(own_layer(f"{HERE}:Plain")(8, groups=4), Plain)


@pytest.mark.parametrize("shape", [(2, 8, 5, 3), (2, 5, 8), (2, 8)])
def test_without_apply_act_an_affine_stands_in(shape: tuple[int, ...]) -> None:
    layer = own_layer(f"{HERE}:Plain")(8, apply_act=False, groups=4)
    assert isinstance(layer, ChannelAffine)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(8.0))
        layer.bias.fill_(3.0)
    x = torch.randn(shape)
    channels = 1 if len(shape) == 4 else len(shape) - 1
    expected = x.movedim(channels, -1) * torch.arange(8.0) + 3
    assert torch.equal(layer(x).movedim(channels, -1), expected)


def test_a_class_that_computes_a_graph_scores_as_the_graph() -> None:
    config = replace(TINY, anchors=TINY.anchors[:2])
    own = evaluate_own(f"{HERE}:Tanh", config, stop_at_rejection=False)
    graph = evaluate(graph_of("tanh").to_json(), config, stop_at_rejection=False)
    assert own.scores == pytest.approx(graph.scores, abs=0.02)
    assert own.verdict == graph.verdict


def test_the_digest_knows_name_and_code() -> None:
    digests = {own_digest(f"{HERE}:{name}") for name in ("Plain", "Tanh")}
    assert len(digests) == 2
    assert all(len(digest) == 36 for digest in digests)


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(DottedNameError, match=r"no_class is no class of torch\.nn\.Module"):
        own_layer(f"{HERE}:no_class")
    gpt = AnchorConfig("gpt", NETWORKS["gpt"], data=TextConfig(context=16))
    with pytest.raises(UnfitLayerError, match=r"causal, which cannot be proved of a class"):
        evaluate_own(f"{HERE}:Tanh", replace(TINY, anchors=(gpt,)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Pooled", r"Pooled gives \(4, 4, 1, 1\) for \(4, 4, 8, 8\); return the shape it takes"),
        ("Several", r"Several gives tuple for \(4, 4, 8, 8\)"),
        ("InPlace", r"InPlace writes to its input, .* leave out what works in place"),
    ],
)
def test_what_would_score_as_another_network_is_refused(name: str, message: str) -> None:
    config = replace(TINY, anchors=TINY.anchors[:1])
    with pytest.raises(UnfitLayerError, match=message):
        evaluate_own(f"{HERE}:{name}", config)


def test_a_layer_that_keeps_its_input_may_write_to_its_own_values() -> None:
    layer = own_layer(f"{HERE}:Tanh")(8)
    x = torch.randn(2, 8, 3, 3)
    x.add_(1)
    expected = torch.tanh(x)
    assert torch.equal(layer(x), expected)
    with torch.inference_mode():
        assert torch.equal(layer(x.clone()), expected)


def test_a_class_without_a_file_has_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = types.ModuleType("made_in_a_notebook")
    bare.Tanh = Tanh  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, bare.__name__, bare)
    for module in (bare.__name__, "__main__"):
        monkeypatch.setattr(sys.modules[module], "Tanh", Tanh, raising=False)
        with pytest.raises(DottedNameError, match=rf"{module} is no module with a file of its own"):
            own_digest(f"{module}:Tanh")
