"""The layers of the zoo against published formulas, torch.nn and timm, with random parameters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from search_spaces.layer import layer_class
from search_spaces.zoo import ZOO, zoo_graph
from tests.search_spaces.zoo_formulas import FORMULAS
from tests.support.timm_layers import evo_norm

CHANNELS, GROUPS = 8, 4
SHAPE = (3, CHANNELS, 5, 4)


def zoo_layer(name: str, seed: int = 0, **options: object) -> nn.Module:
    """A layer of the zoo in float64 with random parameters."""
    layer = layer_class(zoo_graph(name))(CHANNELS, groups=GROUPS, **options).double()
    generator = torch.Generator().manual_seed(seed)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer


def images(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 1.5 * torch.randn(SHAPE, generator=generator, dtype=torch.float64)


def as_numpy(tensors: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.detach().clone().numpy() for name, tensor in tensors.items()}


def value(name: str, x: np.ndarray, parameters: dict[str, np.ndarray], estimates: dict | None):
    y, statistics = FORMULAS[name](x, parameters, GROUPS, estimates)
    gamma, beta = (parameters[key].reshape(1, -1, 1, 1) for key in ("weight", "bias"))
    return y * gamma + beta, statistics


@pytest.mark.parametrize("name", ZOO)
def test_value_gradient_running_estimates_and_evaluation(name: str) -> None:
    layer = zoo_layer(name)
    running = as_numpy(dict(layer.named_buffers()))
    rng = np.random.default_rng(0)
    for step, training in enumerate((True, True, False)):
        layer.train(training)
        x = images(step).requires_grad_()
        inputs = {"x": x, **dict(layer.named_parameters())}
        y = layer(x)
        weights = rng.standard_normal(SHAPE)
        gradients = torch.autograd.grad(
            (y * torch.from_numpy(weights)).sum(), list(inputs.values())
        )
        parameters = as_numpy(inputs)
        estimates = None if training else running
        expected, statistics = value(name, parameters["x"], parameters, estimates)
        np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-9, atol=1e-9)
        for key, gradient in zip(inputs, gradients, strict=True):
            direction = rng.standard_normal(gradient.shape)
            slope = 0.0
            for sign in (1, -1):
                moved = parameters | {key: parameters[key] + sign * 1e-6 * direction}
                slope += sign * float(
                    (value(name, moved["x"], moved, estimates)[0] * weights).sum()
                )
            found = float((gradient.numpy() * direction).sum())
            np.testing.assert_allclose(found, slope / 2e-6, rtol=1e-5, atol=1e-6, err_msg=key)
        if training:
            assert set(statistics) == set(running)
            running = {key: 0.9 * running[key] + 0.1 * statistics[key] for key in running}
        for key, buffer in layer.named_buffers():
            np.testing.assert_allclose(buffer.numpy(), running[key], rtol=1e-12, err_msg=key)


def assert_same(layer: nn.Module, reference: nn.Module, pairs: dict[str, torch.Tensor]) -> None:
    """Equal values and gradients for the input and the parameters of `layer` named in `pairs`."""
    x = images(5).requires_grad_()
    y, expected = layer(x), reference(x)
    torch.testing.assert_close(y, expected)
    mine = [x, *(layer.get_parameter(name) for name in pairs)]
    weights = images(6)
    found = torch.autograd.grad((y * weights).sum(), mine)
    wanted = torch.autograd.grad((expected * weights).sum(), [x, *pairs.values()])
    torch.testing.assert_close(found, wanted)


ACTIVATIONS = {"ReLU": nn.ReLU(), "SiLU": nn.SiLU(), "GELU": nn.GELU()}


def torch_norm(kind: str) -> nn.Module:
    built = {
        "BN": lambda: nn.BatchNorm2d(CHANNELS, dtype=torch.float64),
        "GN": lambda: nn.GroupNorm(GROUPS, CHANNELS, dtype=torch.float64),
        "LN": lambda: nn.GroupNorm(1, CHANNELS, dtype=torch.float64),
        "IN": lambda: nn.InstanceNorm2d(CHANNELS, affine=True, dtype=torch.float64),
    }
    return built[kind]()


@pytest.mark.parametrize("name", ["BN-ReLU", "BN-SiLU", "GN-ReLU", "GN-SiLU", "LN-ReLU", "IN-ReLU"])
def test_equal_to_torch_norms(name: str) -> None:
    kind, activation = name.split("-")
    layer, norm = zoo_layer(name), torch_norm(kind)
    layer.weight.data.fill_(1)
    layer.bias.data.zero_()
    norm.weight.data.copy_(layer.v1.data)
    norm.bias.data.copy_(layer.v0.data)
    pairs = {"v1": norm.weight, "v0": norm.bias}
    assert_same(layer, nn.Sequential(norm, ACTIVATIONS[activation]), pairs)
    if kind == "BN":
        count = images(0).numel() / CHANNELS  # torch stores the unbiased variance
        torch.testing.assert_close(layer.running_mean, norm.running_mean)
        torch.testing.assert_close(
            layer.running_var - 0.9, (norm.running_var - 0.9) * (count - 1) / count
        )
        norm.running_var.copy_(layer.running_var)
        assert_same(layer.eval(), nn.Sequential(norm, ACTIVATIONS[activation]).eval(), pairs)


def test_layer_norm_and_rms_norm_of_tokens_equal_torch() -> None:
    tokens = torch.randn(
        2, 7, CHANNELS, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    layer = zoo_layer("LN-GELU")
    normalized = functional.layer_norm(tokens, (CHANNELS,), layer.v1, layer.v0, 1e-5)
    torch.testing.assert_close(
        layer(tokens), functional.gelu(normalized) * layer.weight + layer.bias
    )
    layer = zoo_layer("RMSNorm")
    normalized = functional.rms_norm(tokens, (CHANNELS,), layer.weight, 1e-5)
    torch.testing.assert_close(layer(tokens), normalized + layer.bias)


@pytest.mark.parametrize("name", ["SELU", "ReLU", "SiLU", "tanh", "GELU"])
def test_activations_equal_torch(name: str) -> None:
    function = {"tanh": torch.tanh}.get(name) or getattr(functional, name.lower())
    layer = zoo_layer(name)
    x = torch.tensor([-200.0, -5, -1, 0.3, 2, 200], dtype=torch.float64).reshape(1, 1, 1, 6)
    x = x.repeat(1, CHANNELS, 1, 1).requires_grad_()
    expected = function(x) * layer.weight.view(-1, 1, 1) + layer.bias.view(-1, 1, 1)
    torch.testing.assert_close(layer(x), expected)
    found, wanted = (torch.autograd.grad(y.sum(), x)[0] for y in (layer(x), expected))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("name", ["B0", "B1", "B2", "S0", "S1", "S2"])
def test_equal_to_timm(name: str) -> None:
    layer = zoo_layer(f"EvoNorm-{name}")
    options = {"groups": GROUPS} if name.startswith("S") else {}
    reference = getattr(evo_norm(), f"EvoNorm2d{name}")(CHANNELS, eps=1e-5, **options).double()
    pairs = {"weight": "weight", "bias": "bias"} | ({"v1": "v"} if name in ("B0", "S0") else {})
    for mine, theirs in pairs.items():
        reference.get_parameter(theirs).data.copy_(layer.get_parameter(mine).data)
    # timm rounds statistics to float32.
    x = images(5).requires_grad_()
    for training in (True, False):
        layer.train(training)
        reference.train(training)
        y, expected = layer(x), reference(x)
        torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4)
        mine = [x, *(layer.get_parameter(key) for key in pairs)]
        theirs = [x, *(reference.get_parameter(key) for key in pairs.values())]
        weights = images(6)
        found = torch.autograd.grad((y * weights).sum(), mine)
        wanted = torch.autograd.grad((expected * weights).sum(), theirs)
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)
        if training and name.startswith("B"):
            count = x.numel() / CHANNELS
            unbiased = 0.9 + (layer.running_var - 0.9) * count / (count - 1)
            torch.testing.assert_close(reference.running_var, unbiased, rtol=1e-5, atol=1e-5)
            reference.running_var.copy_(layer.running_var)
