"""Low precision, autocast, export and compilation of layers."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo import config as dynamo_config

from search_spaces.layer import layer_class
from search_spaces.text import parse
from tests.support.graphs import random_graph
from tests.support.layers import CHANNELS, GROUPS, TEXTS, images, literal, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*leave one channel a group")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("training", [True, False])
def test_torch_export(text: str, training: bool) -> None:
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS)).train(training)
    x = images(1, torch.float32)
    dynamic = {0: torch.export.Dim("batch", min=2), 2: torch.export.Dim("height", min=2)}
    program = torch.export.export(copy.deepcopy(layer), (x,), dynamic_shapes=(dynamic,))
    wider = images(2, torch.float32, (5, CHANNELS, 8, 5))
    torch.testing.assert_close(program.module()(wider), layer(wider))


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own
def test_compiled_whole_by_the_eager_backend() -> None:
    graphs = [parse(text) for text in TEXTS]
    graphs += [random_graph(np.random.default_rng(seed)) for seed in range(20)]
    for graph in graphs:
        dynamo_config.recompile_limit = 64
        torch.compiler.reset()
        layer = literal(graph)(CHANNELS, groups=GROUPS)
        x = images(dtype=torch.float32)
        compiled = torch.compile(copy.deepcopy(layer), fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x), layer(x), equal_nan=True)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own
def test_layers_inside_a_network_are_compiled_whole() -> None:
    torch.compiler.reset()
    layers = [layer_class(parse(text))(CHANNELS, groups=GROUPS) for text in TEXTS]
    network = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), *layers)
    compiled = torch.compile(copy.deepcopy(network), fullgraph=True, backend="eager")
    x = images(dtype=torch.float32)
    torch.testing.assert_close(compiled(x), network(x))


@pytest.mark.parametrize("text", TEXTS)
def test_autocast(text: str) -> None:
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    x = images(dtype=torch.bfloat16)
    expected = copy.deepcopy(layer)(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
        same = layer(x.float())
    assert y.dtype == torch.bfloat16
    assert same.dtype == torch.float32
    torch.testing.assert_close(y, expected)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_input_has_float32_statistics(text: str, dtype: torch.dtype) -> None:
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    x = (1000 + images(dtype=torch.float32)).to(
        dtype
    )  # in half precision the variance would be lost
    expected = copy.deepcopy(layer)(x.float())
    y = layer(x)
    assert y.dtype == dtype
    torch.testing.assert_close(y, expected.to(dtype))
    assert all(buffer.dtype == torch.float32 for buffer in layer.buffers())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of its own compiler
@pytest.mark.parametrize("text", TEXTS[:3])
def test_compiled_by_inductor(text: str) -> None:
    torch.compiler.reset()
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    x, twin = (images(dtype=torch.float32).requires_grad_() for _ in range(2))
    compiled = torch.compile(copy.deepcopy(layer), fullgraph=True)
    y, expected = compiled(x), layer(twin)
    y.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(x.grad, twin.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("text", TEXTS)
def test_functional_gradients(text: str) -> None:
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    x = images(dtype=torch.float32)
    buffers = {name: buffer.clone() for name, buffer in layer.named_buffers()}

    def loss(parameters: dict[str, torch.Tensor], buffers: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.func.functional_call(layer, (parameters, buffers), (x,)).square().sum()

    found = torch.func.grad(loss)(dict(layer.named_parameters()), buffers)
    layer(x).square().sum().backward()
    for name, parameter in layer.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)
