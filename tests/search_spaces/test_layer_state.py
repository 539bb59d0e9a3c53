"""Running estimates, groups, the affine, ties, copies."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from search_spaces.layer import layer_class, layer_code
from search_spaces.text import parse
from tests.support.layers import CHANNELS, GROUPS, TEXTS, images, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*leave one channel a group")


def test_running_estimates_are_biased_detached_and_decay_by_a_tenth() -> None:
    layer = layer_class(parse("(x - mean[bs](x)) / std[bs](x) + rms[bs](exp(x)) * x"))(CHANNELS)
    starts = {name: float(buffer.sum()) / CHANNELS for name, buffer in layer.named_buffers()}
    assert starts == {"running_mean": 0, "running_var": 1, "running_mean_square_of_exponential": 1}
    x = images(dtype=torch.float32).requires_grad_()
    layer(x)
    state = layer.state_dict()
    over = (0, 2, 3)
    torch.testing.assert_close(state["running_mean"], 0.1 * x.detach().mean(over))
    torch.testing.assert_close(state["running_var"], 0.9 + 0.1 * x.detach().var(over, correction=0))
    square = x.detach().exp().square().mean(over)
    torch.testing.assert_close(state["running_mean_square_of_exponential"], 0.9 + 0.1 * square)
    assert not any(b.requires_grad or b.grad_fn for b in layer.buffers())
    before = {name: b.clone() for name, b in layer.named_buffers()}
    layer.eval()(x)
    assert all(torch.equal(before[name], b) for name, b in layer.named_buffers())


def test_moments_that_do_not_vary_over_the_batch_have_no_state() -> None:
    layer = layer_class(parse("x * rms[bs](v1) + std[bs](mean[bs](x))"))(CHANNELS)
    assert [name for name, _ in layer.named_buffers()] == []


def test_apply_act_false_is_the_affine_alone() -> None:
    layer = layer_class(parse(TEXTS[2]))(CHANNELS, apply_act=False)
    assert set(layer.state_dict()) == {"weight", "bias"}
    x = images(dtype=torch.float32)
    torch.testing.assert_close(layer(x), x)
    randomised(layer)
    expected = x * layer.weight.view(-1, 1, 1) + layer.bias.view(-1, 1, 1)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(
    ("channels", "groups", "expected"),
    [(64, 32, 32), (48, 32, 24), (30, 32, 30), (7, 4, 1), (12, 5, 4)],
)
def test_groups_are_the_largest_divisor_not_above(
    channels: int, groups: int, expected: int
) -> None:
    assert layer_class(parse(TEXTS[0]))(channels, groups=groups).groups == expected


def test_one_channel_a_group_is_warned_about() -> None:
    groups, no_groups = layer_class(parse(TEXTS[0])), layer_class(parse(TEXTS[1]))
    with pytest.warns(
        UserWarning, match="one channel a group.*pass groups=8 or less, or group_size"
    ):
        groups(16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert groups(16, group_size=4).groups == 4
        assert groups(16, groups=32, apply_act=False)
        assert no_groups(16)
        assert groups(1)


def test_wrong_shapes_and_groups_are_refused() -> None:
    layer = layer_class(parse(TEXTS[0]))(8, groups=2)
    for shape in ((2, 6, 4, 4), (2, 8, 4, 4, 4), (8,), (2, 8, 5)):
        with pytest.raises(ValueError, match="expected 8 channels"):
            layer(torch.randn(shape))
    with pytest.raises(ValueError, match="groups must be at least 1, given 0"):
        layer_class(parse(TEXTS[0]))(8, groups=0)


def test_max_with_zero_is_relu_and_other_ties_split() -> None:
    x = torch.zeros(1, 1, 1, 1, requires_grad=True)
    for text, slope in (
        ("max(x, 0)", 0.0),
        ("max(0, x)", 0.0),
        ("max(x, v0)", 0.5),
        ("max(x, -v0)", 0.5),
    ):
        (gradient,) = torch.autograd.grad(layer_class(parse(text))(1)(x).sum(), x)
        assert gradient.item() == slope, text


def test_classes_are_cached_by_canonical_form_and_know_their_source() -> None:
    one = layer_class(parse("x * sigmoid(v1 * x)"))
    assert one is layer_class(parse("sigmoid(x * v1) * (x + 0)"))
    assert layer_code(parse("x * sigmoid(v1 * x)")).source.startswith(
        "import inspect\nfrom typing import Any\n"
    )
    with pytest.raises(RuntimeError) as raised:
        one(4, device="meta")(torch.randn(2, 4))
    assert "= torch.mul(x, v1)\n" in "".join(traceback.format_exception(raised.value))


def test_a_layer_that_was_saved_whole_is_read_by_another_process(tmp_path: Path) -> None:
    layer = randomised(layer_class(parse("x / std[bs](x) * sigmoid(v1 * x)"))(CHANNELS))
    layer(images(dtype=torch.float32))
    path = tmp_path / "network.pt"
    torch.save((nn.Sequential(layer.eval()), images(dtype=torch.float32)), path)
    code = (
        "import sys, torch\n"
        "network, x = torch.load(sys.argv[1], weights_only=False)\n"
        "assert not network[0].training\n"
        "print(network[0](x).sum().item())"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = layer(images(dtype=torch.float32)).sum().item()
    assert float(done.stdout) == pytest.approx(expected, rel=1e-5)
    assert type(copy.deepcopy(layer)) is type(layer)

    class Own(type(layer)):  # type: ignore[misc]
        """A class of the user's own, which copies are of, too."""

    assert type(copy.deepcopy(Own(4))) is Own


@pytest.mark.parametrize("text", TEXTS)
def test_copies_pickles_of_state_and_functional_calls(text: str) -> None:
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    layer(images(dtype=torch.float32))
    state = pickle.loads(pickle.dumps(layer.state_dict()))
    other = layer_class(parse(text))(CHANNELS, groups=GROUPS)
    other.load_state_dict(state)
    x = images(1, torch.float32)
    expected = copy.deepcopy(layer)(x)
    torch.testing.assert_close(other(x), expected)
    arguments = dict(layer.named_parameters()) | {n: b.clone() for n, b in layer.named_buffers()}
    torch.testing.assert_close(torch.func.functional_call(layer, arguments, (x,)), expected)
