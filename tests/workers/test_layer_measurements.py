"""What is measured of layers: bytes kept, dependence on the batch, training in low precision."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from search_spaces.layer import layer_class
from search_spaces.text import parse
from search_spaces.zoo import zoo_graph
from workers.batch_sensitivity import SIZES, batch_noise, samples
from workers.layer_cost import kept, step_times
from workers.low_precision import DTYPES, precision_runs


def test_kept_counts_what_autograd_holds_once() -> None:
    shape = (4, 8, 6, 6)
    assert kept(nn.Identity(), shape) == 0
    assert kept(nn.Tanh(), shape) == 1  # its output
    assert kept(nn.SiLU(), shape) == 1  # its input
    assert kept(nn.Sequential(nn.Tanh(), nn.Tanh()), shape) == 2
    norm = kept(nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()), shape)
    assert 2 < norm < 2.1  # and the statistics
    own = kept(layer_class(zoo_graph("EvoNorm-S0"))(8, groups=2), shape)
    assert 1 < own < 1.1


def test_a_step_takes_time() -> None:
    deep = nn.Sequential(*(nn.Conv2d(8, 8, 3, padding=1) for _ in range(20)))
    shallow, layers = step_times([(deep[0], deep[0]), (deep, deep)], (2, 8, 16, 16), 3)
    assert 0 < shallow < layers


def test_batch_noise_falls_with_the_batch_and_is_of_the_batch_alone() -> None:
    channels = samples().shape[1]
    noise = batch_noise(layer_class(zoo_graph("BN-ReLU"))(channels))
    assert list(noise) == list(SIZES)
    assert all(noise[a] > noise[b] for a, b in pairwise(SIZES))
    torch.testing.assert_close(noise[32] / noise[2], 0.25, rtol=0.2, atol=0)  # 1 / sqrt(16)
    alone = batch_noise(layer_class(zoo_graph("GN-ReLU"))(channels, groups=4))
    assert max(alone.values()) < 1e-6


def test_one_training_in_three_precisions() -> None:
    layer = layer_class(zoo_graph("EvoNorm-B0"))
    runs = precision_runs(layer, 12)
    assert [run.dtype for run in runs] == ["float32", "bfloat16", "float16"]
    exact, *low = runs
    assert exact == precision_runs(layer, 12)[0]
    for run in low:
        assert run.loss == pytest.approx(exact.loss, rel=0.05)
        assert run.loss != exact.loss
        assert run.largest == pytest.approx(exact.largest, rel=0.1)
        assert run.diverged_at is None


def test_outputs_beyond_float16_are_noticed() -> None:
    layer = layer_class(parse("70000 * max(x, 0) / rms[sc](x)"))
    by_type = {run.dtype: run for run in precision_runs(layer, 2)}
    assert len(by_type) == len(DTYPES)
    assert by_type["float16"].diverged_at == 1
    assert by_type["float16"].loss is None
    assert by_type["float32"].largest > 65504
    assert by_type["float32"].diverged_at != 1
