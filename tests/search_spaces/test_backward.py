"""The generated backward pass against autograd on the plain code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from search_spaces.canonical import canonical
from search_spaces.codegen import form, generate
from search_spaces.graph import Graph
from search_spaces.layer import execute, layer_class
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.graphs import random_graph
from tests.support.layers import CHANNELS, GROUPS, images, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*leave one channel a group")

_SHAPES = ((3, CHANNELS, 4, 5), (2, 7, CHANNELS), (5, CHANNELS), (1, CHANNELS, 1, 1))
_LARGEST = 1e5  # beyond it rounding differs between any two orders of operations


def pair(
    graph: Graph, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[nn.Module, nn.Module]:
    """A layer that uses its own backward pass, and the same one left to autograd."""
    layers = []
    for plain in (False, True):
        layer = execute(generate(graph), "layer_under_test")(CHANNELS, groups=GROUPS)
        layers.append(randomised(layer, seed).to(dtype))
        layers[-1].plain = plain
    return layers[0], layers[1]


def results(layer: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Value, gradients and running estimates after one step."""
    x = x.detach().requires_grad_()
    y = layer(x)
    names, parameters = zip(*layer.named_parameters(), strict=True)
    weights = images(9, dtype=y.dtype, shape=tuple(y.shape))
    found = torch.autograd.grad((y * weights).sum(), [x, *parameters], allow_unused=True)
    gradients = dict(zip(("x", *names), found, strict=True))
    named = {f"gradient of {name}": g for name, g in gradients.items() if g is not None}
    return {"value": y.detach(), **named, **dict(layer.named_buffers())}


def differences(graph: Graph, shape: tuple[int, ...], seed: int = 0) -> list[str] | None:
    """Names of the results that differ; None if numbers are too large to compare."""
    own, plain = pair(graph, seed=seed)
    x = images(seed, shape=shape)
    actual, expected = results(own, x), results(plain, x)
    if not all(bool((each.abs() < _LARGEST).all()) for each in expected.values()):
        return None
    zero = torch.zeros(())
    return [
        name
        for name in {**actual, **expected}
        if not torch.allclose(
            actual.get(name, zero).double(),
            expected.get(name, zero).double(),
            rtol=1e-6,
            atol=1e-8,
        )
    ]


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_random_graphs_have_the_gradients_of_autograd(first: int) -> None:
    compared = 0
    for seed in range(first, first + 100):
        graph = random_graph(np.random.default_rng(seed), 4 + seed % 12)
        for each in (graph, canonical(graph)):
            differing = differences(each, _SHAPES[seed % len(_SHAPES)], seed)
            assert not differing, (seed, differing, generate(each).source)
            compared += differing is not None and form(each) == "generated"
    assert compared >= 40


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from(_SHAPES))
@settings(max_examples=60, deadline=None)
def test_any_graph_has_the_gradients_of_autograd(
    seed: int, nodes: int, shape: tuple[int, ...]
) -> None:
    graph = random_graph(np.random.default_rng(seed), nodes)
    assert not differences(graph, shape), generate(graph).source


@pytest.mark.parametrize(
    "text",
    [
        "x * sigmoid(x) + x * 0.01 / 3",
        "x * sigmoid(x) * tanh(0.01 / 3)",
        "max(x * sigmoid(x), -(0.01 / 3))",
        "x * sigmoid(x) * tanh(999999 * 999998)",
        "tanh(0.001 * x) * 0.01",
        "0.001 * v1 * x * sigmoid(0.01 * v1 * x) * 0.00002",
        "0.02 * (0.01 * (0.001 * x + v0) * sigmoid(x)) * 0.003",
    ],
)
def test_calculated_numbers_that_a_graph_may_not_write(text: str) -> None:
    graph = canonical(parse(text))
    assert form(graph) == "generated"
    assert differences(graph, _SHAPES[0]) == []


@pytest.mark.parametrize(
    "text",
    [
        "a = x - mean[s](x); square(a + mean[bs](a))",
        "a = x - mean[s](x); a * sigmoid(x) + mean[sc](a)",
        "a = x - mean[s](x); a * sigmoid(x) / std[sg](a) / std[s](a)",
    ],
)
def test_means_of_centered_values(text: str) -> None:
    assert differences(canonical(parse(text)), _SHAPES[0]) == []


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("shape", _SHAPES)
def test_zoo_layers_have_the_gradients_of_autograd(name: str, shape: tuple[int, ...]) -> None:
    assert differences(canonical(zoo_graph(name)), shape) == []


@pytest.mark.parametrize("name", ZOO)
def test_zoo_layers_pass_torch_s_checks_of_first_and_second_derivatives(name: str) -> None:
    layer = randomised(layer_class(zoo_graph(name))(4, groups=2).double(), 3)
    x = images(5, shape=(2, 4, 1, 3)).requires_grad_()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def function(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        state = dict(zip(names, values, strict=True))
        state |= {each: buffer.clone() for each, buffer in layer.named_buffers()}
        return torch.func.functional_call(layer, state, (x,))

    assert torch.autograd.gradcheck(function, (x, *parameters))
    assert torch.autograd.gradgradcheck(function, (x, *parameters), atol=1e-4)


def test_random_graphs_pass_torch_s_check_of_second_derivatives() -> None:
    checked = 0
    for seed in range(80):
        graph = canonical(random_graph(np.random.default_rng(2000 + seed), nodes=6))
        if form(graph) != "generated":
            continue
        layer = randomised(layer_class(graph)(4, groups=2).double(), seed)
        x = images(seed, shape=(2, 4, 1, 3)).requires_grad_()
        (gradient,) = torch.autograd.grad(layer(x).square().sum(), x)
        if not 1e-3 < gradient.abs().max() < 1e3:
            continue
        assert torch.autograd.gradgradcheck(layer, (x,), atol=1e-4, rtol=1e-3), graph
        checked += 1
    assert checked >= 12


@pytest.mark.parametrize("name", ["EvoNorm-S0", "EvoNorm-B0", "BN-ReLU", "GN-ReLU", "LN-GELU"])
def test_torch_func_sees_the_same_gradients(name: str) -> None:
    own, plain = pair(zoo_graph(name))
    x = images()

    def loss(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        buffers = {each: buffer.clone() for each, buffer in layer.named_buffers()}
        return torch.func.functional_call(layer, buffers, (x,)).square().sum()

    expected = torch.func.grad(lambda x: loss(plain, x))(x)
    torch.testing.assert_close(torch.func.grad(lambda x: loss(own, x))(x), expected)
    hessian_row = torch.func.grad(lambda x: torch.func.grad(lambda x: loss(own, x))(x)[0, 0].sum())
    of_plain = torch.func.grad(lambda x: torch.func.grad(lambda x: loss(plain, x))(x)[0, 0].sum())
    torch.testing.assert_close(hessian_row(x), of_plain(x))


@pytest.mark.parametrize("name", [name for name in ZOO if form(zoo_graph(name)) != "plain"])
def test_the_input_and_small_statistics_are_all_that_is_kept(name: str) -> None:
    layer = layer_class(zoo_graph(name))(16, groups=4)
    x = torch.randn(8, 16, 14, 14, requires_grad=True)
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x)
    inputs = sum(kept.values()) / x.untyped_storage().nbytes()
    assert inputs <= 1.3


def test_forms_are_chosen_by_what_they_gain() -> None:
    forms = {name: form(zoo_graph(name)) for name in ZOO}
    assert {name for name, chosen in forms.items() if chosen == "kernel"} == {
        "BN-ReLU",
        "GN-ReLU",
        "LN-ReLU",
        "IN-ReLU",
    }
    assert {name for name, chosen in forms.items() if chosen == "plain"} <= {"tanh", "ReLU"}


@pytest.mark.parametrize("name", ["EvoNorm-S0", "EvoNorm-B0", "BN-ReLU", "GN-ReLU", "LN-GELU"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_inputs_keep_their_dtype_and_little_memory(
    name: str, dtype: torch.dtype
) -> None:
    layer = layer_class(zoo_graph(name))(CHANNELS, groups=GROUPS)
    x = images(dtype=dtype).requires_grad_()
    y = layer(x)
    y.float().square().sum().backward()
    assert y.dtype == x.grad.dtype == dtype
    assert layer.weight.grad.dtype == torch.float32
    plain = layer_class(zoo_graph(name))(CHANNELS, groups=GROUPS)
    plain.plain = True
    other = x.detach().requires_grad_()
    plain(other).float().square().sum().backward()
    torch.testing.assert_close(x.grad, other.grad, rtol=0.05, atol=0.05)


def test_second_derivatives_use_the_statistics_of_training_even_after_eval() -> None:
    own, plain = pair(zoo_graph("EvoNorm-B0"))
    gradients = []
    for layer in (own, plain):
        x = images().requires_grad_()
        y = layer(x).square().sum()
        layer.eval()
        (first,) = torch.autograd.grad(y, x, create_graph=True)
        gradients.append(torch.autograd.grad(first.square().sum(), x)[0])
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(
    "text",
    [
        "a = std[bs](x)\nmax(v1 * (x - mean[bs](x)) / a + v0, 0)",
        "max(v1 * (x - mean[bs](-(-x))) / std[bs](-x) + v0, 0)",
        "max(v1 * (x + mean[bs](-x)) / std[bs](x) + v0, 0)",
    ],
)
def test_batch_norm_keeps_the_running_estimates_of_every_way_to_write_it(text: str) -> None:
    graph = parse(text)
    assert canonical(graph) == canonical(zoo_graph("BN-ReLU"))
    for shape in _SHAPES:
        assert differences(graph, shape) == []


def test_batch_norm_hands_on_the_layout_of_channels_that_come_last() -> None:
    layer = layer_class(zoo_graph("BN-ReLU"))(CHANNELS)
    x = images(dtype=torch.float32).to(memory_format=torch.channels_last).requires_grad_()
    y = layer(x)
    y.square().sum().backward()
    assert x.grad is not None
    assert all(each.is_contiguous(memory_format=torch.channels_last) for each in (y, x.grad))


@pytest.mark.parametrize("text", ["max(v1, (x + v0 * x) / 0)", "x * (1 / 0)", "min(x, 1 / 0) * x"])
def test_a_division_by_zero_is_torch_s(text: str) -> None:
    own, plain = (layer(images()) for layer in pair(parse(text)))
    torch.testing.assert_close(own, plain, equal_nan=True)


def test_ties_have_the_gradients_of_the_plain_form() -> None:
    for text in ("max(x, v1) * x", "max(abs(x), max(x, 0)) * x", "max(x, 0) * x", "abs(x) * x"):
        own, plain = pair(parse(text))
        x = torch.tensor([[0.0, 1.0, -1.0, 2.0, 0.0, 1.0]], dtype=torch.float64)
        for layer in (own, plain):
            layer.v1 = nn.Parameter(torch.ones(CHANNELS, dtype=torch.float64))
        torch.testing.assert_close(
            results(own, x)["gradient of x"], results(plain, x)["gradient of x"]
        )


@pytest.mark.parametrize(
    "text", ["x * sigmoid(x) * max(v0, 0)", "x * sigmoid(x) * (1 + max(-v0, 0))"]
)
def test_a_small_value_is_rectified_flat_at_zero(text: str) -> None:
    own, plain = pair(parse(text))
    for layer in (own, plain):
        layer.v0 = nn.Parameter(torch.zeros(CHANNELS, dtype=torch.float64))
    name = "gradient of v0"
    found, expected = (results(layer, images())[name] for layer in (own, plain))
    torch.testing.assert_close(found, expected, equal_nan=True)
