"""Layers against a slow float64 reference: values, gradients, layouts."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.codegen import generate
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.text import parse
from tests.support.graphs import random_graph
from tests.support.layers import CHANNELS, GROUPS, TEXTS, images, literal, randomised
from tests.support.oracle import Oracle

pytestmark = pytest.mark.filterwarnings("ignore:.*leave one channel a group")


def vectors_of(layer: nn.Module) -> dict[str, torch.Tensor]:
    vectors = {name: torch.zeros(CHANNELS, dtype=torch.float64) for name in ("v0", "v1")}
    vectors |= {name: torch.zeros(1, dtype=torch.float64) for name in ("alpha", "shift")}
    return vectors | {
        name: p.detach().clone().requires_grad_() for name, p in layer.named_parameters()
    }


def gradients(y: torch.Tensor, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    weights = images(9, shape=tuple(y.shape))
    found = torch.autograd.grad((y * weights).sum(), inputs, allow_unused=True)
    return [torch.zeros_like(i) if g is None else g for g, i in zip(found, inputs, strict=True)]


def assert_equal_to_oracle(graph: Graph, layer: nn.Module) -> bool:
    """Whether all numbers were finite; where they are, values and gradients agree."""
    oracle = Oracle(graph, GROUPS)
    vectors = vectors_of(layer)
    names = [name for name, _ in layer.named_parameters()]
    for step, training in enumerate((True, True, False)):
        layer.train(training)
        x = images(step).requires_grad_()
        expected = oracle(x, vectors, training)
        wanted = gradients(expected, [x, *(vectors[name] for name in names)])
        actual = layer(x)
        found = gradients(actual, [x, *layer.parameters()])
        if not all(bool((t.detach().abs() < 1e6).all()) for t in (expected, *wanted)):
            return False
        torch.testing.assert_close(actual, expected, rtol=1e-8, atol=1e-8)
        for a, e, name in zip(found, wanted, ("x", *names), strict=True):
            torch.testing.assert_close(
                a, e, rtol=1e-6, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}"
            )
    return True


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_random_graphs_equal_the_reference(first: int) -> None:
    finite = 0
    for seed in range(first, first + 100):
        graph = random_graph(np.random.default_rng(seed))
        layer = randomised(literal(graph)(CHANNELS, groups=GROUPS).double(), seed)
        try:
            finite += assert_equal_to_oracle(graph, layer)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {generate(graph).source}") from error
    assert finite >= 50


@pytest.mark.parametrize("text", TEXTS)
def test_every_layout_computes_the_same(text: str) -> None:
    graph = parse(text)
    x = images(dtype=torch.float32)
    first = randomised(layer_class(graph)(CHANNELS, groups=GROUPS))
    last = layer_class(graph)(CHANNELS, groups=GROUPS, channels_last=True)
    last.load_state_dict(first.state_dict())
    expected = first(x)
    torch.testing.assert_close(last(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), expected)
    tokens = x.flatten(2).transpose(1, 2).contiguous()
    torch.testing.assert_close(last(tokens).transpose(1, 2).reshape(x.shape), expected)
    features = x[:, :, 0, 0]
    torch.testing.assert_close(last(features), first(features[:, :, None, None])[:, :, 0, 0])


@pytest.mark.parametrize("text", TEXTS)
def test_strides_are_kept_and_channels_last_memory_is_not_copied(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = layer_class(parse(text))(CHANNELS, groups=GROUPS)
    x = images(dtype=torch.float32).contiguous(memory_format=torch.channels_last)
    module = layer.forward.__globals__
    body, pointers = module["norm_act"], []
    monkeypatch.setitem(
        module, "norm_act", lambda y, *rest: pointers.append(y.data_ptr()) or body(y, *rest)
    )
    layer.plain = True
    y = layer(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert pointers == [x.data_ptr()]
    tokens = torch.randn(2, 7, CHANNELS)
    assert layer(tokens).is_contiguous()
    assert layer(images(dtype=torch.float32)).is_contiguous()


def test_memory_format_of_random_graphs() -> None:
    for seed in range(150):
        layer = literal(random_graph(np.random.default_rng(seed)))(CHANNELS, groups=GROUPS)
        for x in (torch.randn(3, CHANNELS, 4, 5), torch.randn(3, 5, CHANNELS)):
            assert layer(x).is_contiguous(), seed
        y = layer(torch.randn(3, CHANNELS, 4, 5).contiguous(memory_format=torch.channels_last))
        assert y.is_contiguous(memory_format=torch.channels_last), seed


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "shape", [(1, CHANNELS, 1, 1), (1, CHANNELS, 4, 5), (3, CHANNELS, 1, 1), (1, 1, CHANNELS)]
)
@pytest.mark.parametrize("training", [True, False])
def test_one_position_and_one_sample_are_finite(
    text: str, shape: tuple[int, ...], training: bool
) -> None:
    layer = layer_class(parse(text))(CHANNELS, groups=GROUPS).train(training)
    x = images(dtype=torch.float32, shape=shape).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = layer(x)
        y.square().sum().backward()
    assert torch.isfinite(y).all()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert all(torch.isfinite(buffer).all() for buffer in layer.buffers())


def test_second_derivatives_of_random_graphs() -> None:
    checked = 0
    for seed in range(60):
        graph = random_graph(np.random.default_rng(1000 + seed), nodes=5)
        layer = randomised(literal(graph)(4, groups=2).double(), seed)
        x = images(seed, shape=(2, 4, 1, 3)).requires_grad_()
        y = layer(x)
        (gradient,) = torch.autograd.grad(y.square().sum(), x)
        if not y.isfinite().all() or not 1e-3 < gradient.abs().max() < 1e3:
            continue
        assert torch.autograd.gradgradcheck(layer, (x,), atol=1e-4, rtol=1e-3), graph
        checked += 1
    assert checked >= 12
