"""Proxy training: schedules, batches, divergence, pausing."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from search_spaces.layer import layer_class
from tests.workers.layers import graph_of
from tests.workers.tiny import DATA, NETWORKS
from workers.anchors import build_network
from workers.data import load_data
from workers.training import (
    DivergedError,
    Training,
    TrainingConfig,
    accuracy,
    batch_indices,
    learning_rate,
)

CONFIG = TrainingConfig(steps=6, batch=8, warmup=2)


def training(layer: str = "BN-ReLU", config: TrainingConfig = CONFIG) -> Training:
    data = load_data(DATA)
    factory = partial(layer_class(graph_of(layer)), groups=2)
    network = build_network("resnet", NETWORKS["resnet"], factory, data.shape, 10, (0,))
    return Training(network.module, data, config, (0,))


def test_cosine_rises_then_falls_to_zero() -> None:
    config = TrainingConfig(steps=10, learning_rate=0.4, warmup=4, schedule="cosine")
    rates = [learning_rate(config, step) for step in range(10)]
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[4] == pytest.approx(0.4)
    assert all(a > b for a, b in pairwise(rates[4:]))
    assert 0 < rates[9] < 0.05


def test_constant_stays() -> None:
    config = TrainingConfig(steps=10, learning_rate=0.4, schedule="constant")
    assert {learning_rate(config, step) for step in range(10)} == {0.4}


def test_batches_are_shuffled_passes() -> None:
    batches = batch_indices(20, 8, 5, (1,))
    assert batches.shape == (5, 8)
    assert sorted(batches.flatten()[:20].tolist()) == list(range(20))
    assert torch.equal(batches, batch_indices(20, 8, 5, (1,)))
    assert not torch.equal(batches, batch_indices(20, 8, 5, (2,)))


def test_pausing_to_validate_changes_nothing() -> None:
    straight, paused = training(), training()
    straight.advance()
    for step in (1, 3, 6):
        paused.advance(step)
        paused.accuracy()
    pairs = zip(straight.network.parameters(), paused.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_training_lowers_the_loss() -> None:
    run = training(config=TrainingConfig(steps=60, batch=32, warmup=5))
    run.advance()
    assert run.accuracy() > 2 * load_data(DATA).guess


def test_a_non_finite_loss_ends_it_with_its_step() -> None:
    run = training("exp(exp(x * x))")
    with pytest.raises(DivergedError, match=r"loss (nan|inf) at step 1$"):
        run.advance()
    assert run.step == 0


def test_a_non_finite_output_in_validation_is_no_score() -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 10), float("nan"))

    with pytest.raises(DivergedError, match="non-finite output in validation after step 7"):
        accuracy(Broken(), load_data(DATA).validation, 64, 7)
