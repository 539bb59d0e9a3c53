"""Low precision, autocast, export and compilation of layers."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
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
