"""Exact counts on models of timm, Transformers and torch, which train with the layer in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

import evonas
from tests.support.timm_layers import timm, transformers
from tests.support.training import assert_learns, classifies

pytestmark = pytest.mark.usefixtures("one_thread")

# Of timm: pairs, lone norms, activations that follow no norm.
_TIMM = [
    ("resnet18", {}, 9, 11, 8),
    ("resnet50", {}, 33, 20, 16),
    ("mobilenetv2_035", {}, 35, 17, 0),
    ("efficientnet_b0", {}, 33, 16, 16),
    ("vit_tiny_patch16_224", {"img_size": 32}, 0, 25, 12),
    ("convnext_atto", {}, 0, 17, 12),
]


@pytest.mark.parametrize(("name", "settings", "pairs", "lone", "activations"), _TIMM)
def test_models_of_timm(
    name: str, settings: dict[str, int], pairs: int, lone: int, activations: int
) -> None:
    torch.manual_seed(0)
    model = timm().create_model(name, num_classes=4, **settings)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    norms = _norms(model)
    assert len(norms) == pairs + lone
    report = evonas.swap(model, "EvoNorm-S0", groups=8)
    assert len(report.replaced) == pairs == _layers(model)
    assert Counter(kept.path in norms for kept in report.left_alone) == Counter(
        {True: lone, False: activations}
    )
    report = evonas.swap(model, "LN-GELU", lone="layer")
    assert len(report.replaced) == lone
    assert _layers(model) == pairs + lone
    assert _norms(model) == {}
    replaced = tuple(f"{path}." for path in norms)
    for key, value in model.state_dict().items():
        if not key.startswith(replaced):
            assert torch.equal(value, before.pop(key)), key
    assert all(key.startswith(replaced) for key in before)
    assert_learns(model, classifies(model, batch=2), steps=3)


def test_norm_layer_and_swap_agree_on_mobilenet() -> None:
    # timm's MobileNetV2 with the layer as its norm_layer has 35 with an activation, 17 affine ones.
    model = timm().create_model("mobilenetv2_035", num_classes=4)
    evonas.swap(model, "EvoNorm-S0", lone="affine", groups=4)
    layers = [module for module in model.modules() if hasattr(module, "apply_act")]
    assert Counter(layer.apply_act for layer in layers) == Counter({True: 35, False: 17})


def _bert() -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    library = transformers()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = library.BertConfig(vocab_size=40, intermediate_size=64, **sizes)
    model = library.BertForMaskedLM(config)
    tokens = torch.randint(0, 40, (4, 12), generator=torch.Generator().manual_seed(0))
    return model, lambda: model(input_ids=tokens, labels=tokens).loss


def _gpt2() -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    library = transformers()
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 32}
    config = library.GPT2Config(vocab_size=40, bos_token_id=0, eos_token_id=0, **sizes)
    model = library.GPT2LMHeadModel(config)
    tokens = torch.randint(0, 40, (4, 12), generator=torch.Generator().manual_seed(0))
    return model, lambda: model(input_ids=tokens, labels=tokens).loss


# Lone norms and activations that follow no norm; these models have no pairs.
_TRANSFORMERS = [(_bert, 6, 3), (_gpt2, 5, 2)]


@pytest.mark.parametrize(("make", "norms", "activations"), _TRANSFORMERS)
def test_models_of_transformers(
    make: Callable[[], tuple[nn.Module, Callable[[], torch.Tensor]]], norms: int, activations: int
) -> None:
    torch.manual_seed(0)
    model, loss = make()
    report = evonas.swap(model, "LN-GELU")
    assert (len(report.replaced), len(report.left_alone)) == (0, norms + activations)
    assert report.seen_by == "a recorded forward pass"
    report = evonas.swap(model, "LN-GELU", lone="layer")
    assert (len(report.replaced), len(report.left_alone)) == (norms, activations)
    assert report.remarks == ()
    assert _norms(model) == {}
    assert_learns(model, loss)


def test_a_causal_model_stays_causal_with_a_layer_that_mixes_no_tokens() -> None:
    torch.manual_seed(0)
    model, _ = _gpt2()
    evonas.swap(model, "RMSNorm-SiLU", lone="layer")
    tokens = torch.zeros(1, 6, dtype=torch.long)
    later = tokens.clone()
    later[0, -1] = 7
    model.eval()
    with torch.no_grad():
        first, second = model(input_ids=tokens).logits, model(input_ids=later).logits
    torch.testing.assert_close(first[:, :-1], second[:, :-1])
    model, _ = _gpt2()
    report = evonas.swap(model, "EvoNorm-S0", lone="layer", groups=4)
    assert "does not suit causal models" in report.remarks[0]


@pytest.mark.parametrize("batch_first", [True, False])
def test_transformer_of_torch(batch_first: bool) -> None:
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=batch_first)
    model = nn.TransformerEncoder(block, 2, norm=nn.LayerNorm(16), enable_nested_tensor=batch_first)
    x = torch.randn(3, 5, 16)
    assert len(evonas.swap(model, "DyT", lone="layer").replaced) == 0  # nothing tells its flow
    report = evonas.swap(model, "EvoNorm-S0", inputs=x, lone="layer", groups=4)
    assert (len(report.replaced), len(report.left_alone)) == (5, 0)
    target = torch.randn(3, 5, 16)
    model.train()
    trained = model(x)
    with torch.no_grad():  # where torch would compute layer norm itself, on nested tensors
        masks = torch.zeros(*(x.shape[:2] if batch_first else (5, 3)), dtype=torch.bool)
        torch.testing.assert_close(model.eval()(x, src_key_padding_mask=masks), trained)
        alone = model(x[:1] if batch_first else x[:, :1])
    torch.testing.assert_close(alone, trained[:1] if batch_first else trained[:, :1])
    assert_learns(model, lambda: functional.mse_loss(model(x), target))


def _norms(model: nn.Module) -> dict[str, nn.Module]:
    """The normalizations of a model, by the names of their classes."""
    return {
        path: module
        for path, module in model.named_modules()
        if "Norm" in type(module).__name__
        and type(module).__name__ != "NormAct"
        and "Head" not in type(module).__name__
    }


def _layers(model: nn.Module) -> int:
    return sum(type(module).__name__ == "NormAct" for module in model.modules())
