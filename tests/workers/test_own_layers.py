"""Layers of the user's own: called with what they name, an affine where none is wanted."""

import copy
import re
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from search_spaces.dotted import DottedNameError
from tests.workers.layers import graph_of
from tests.workers.tiny import NETWORKS, TINY
from workers.data import TextConfig
from workers.evaluation import UnfitLayerError, evaluate
from workers.own_layers import ChannelAffine, evaluate_own, own_digest, own_layer
from workers.retraining import alone, retrain
from workers.settings import AnchorConfig
from workers.training import TrainingConfig

HERE = "tests.workers.test_own_layers"


class Plain(nn.GroupNorm):
    """Takes channels alone."""

    def __init__(self, channels: int) -> None:
        super().__init__(2, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).relu()


class Noisy(nn.Module):
    """Draws random numbers at every call in training."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.norm, self.act = nn.GroupNorm(2, num_features), nn.RReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.act(self.norm(x))
        return y


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


class ImagesAlone(nn.BatchNorm2d):
    """Takes no tokens."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)


class Bare(nn.Module):
    """Takes no number of channels."""

    def __init__(self) -> None:
        super().__init__()


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


def test_a_class_that_draws_random_numbers_scores_by_the_seed_alone() -> None:
    training = TrainingConfig(steps=20, batch=16)
    config = replace(TINY, anchors=TINY.anchors[:1], training=training)
    state = torch.get_rng_state()
    found = []
    for global_seed, seed in ((1, 0), (2, 0), (1, 1)):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        scored = evaluate_own(f"{HERE}:Noisy", config, seed, stop_at_rejection=False).scores
        trained = retrain(f"{HERE}:Noisy", True, alone(config, TINY.anchors[0]), seed, True).scores
        assert torch.equal(torch.get_rng_state(), before)
        found.append((scored, trained))
    torch.set_rng_state(state)
    assert found[0] == found[1] != found[2]


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


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "ImagesAlone",
            "vit",
            r"ImagesAlone on vit: ValueError: expected 4D input \(got 3D input\); a layer takes "
            r"images \(B, C, H, W\) and tokens \(B, T, C\)$",
        ),
        (
            "Bare",
            "resnet",
            r"Bare on resnet: TypeError: .*takes 1 positional argument but 2 were given; a class "
            r"is called as cls\(num_features\) or cls\(num_features, apply_act=...\)$",
        ),
    ],
)
def test_what_a_class_raises_names_the_anchor_and_the_contract(
    name: str, kind: str, message: str
) -> None:
    (anchor,) = (anchor for anchor in TINY.anchors if anchor.name == kind)
    config = replace(TINY, anchors=(anchor,))
    with pytest.raises(UnfitLayerError, match=message):
        evaluate_own(f"{HERE}:{name}", config)
    with pytest.raises(UnfitLayerError, match=message):
        retrain(f"{HERE}:{name}", True, alone(config, anchor), 0, False)


def test_the_class_in_the_readme_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(import torch\n[^`]*class MyNorm[^`]*)```", readme)
    (tmp_path / "norm_of_the_readme.py").write_text(block, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = evaluate_own("norm_of_the_readme:MyNorm", TINY, stop_at_rejection=False)
    assert set(found.scores) == {anchor.name for anchor in TINY.anchors}


def test_a_layer_that_tells_is_still_of_its_class() -> None:
    layer = own_layer(f"{HERE}:Tanh")(8)
    assert isinstance(layer, Tanh)
    assert repr(layer) == repr(Tanh(8))
    assert list(layer.state_dict()) == list(Tanh(8).state_dict())
    twin = copy.deepcopy(layer)
    twin.affine.bias.data.fill_(1.0)
    assert torch.equal(twin(torch.zeros(2, 8)), torch.ones(2, 8))


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
