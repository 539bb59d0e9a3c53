"""Proxy training: schedules, batches, divergence, pausing."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    SequentialLR,
)

from search_spaces.layer import layer_class
from tests.workers.layers import graph_of
from tests.workers.tiny import DATA, NETWORKS
from workers.anchors import GPTConfig, build_network
from workers.augmentation import AugmentationConfig
from workers.data import Dataset, TextConfig, load_data
from workers.training import (
    DivergedError,
    Training,
    TrainingConfig,
    accuracy,
    batch_indices,
    learning_rate,
)

CONFIG = TrainingConfig(steps=6, batch=8, warmup=2)


def training(
    layer: str = "BN-ReLU", config: TrainingConfig = CONFIG, data: Dataset | None = None
) -> Training:
    data = data or load_data(DATA)
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


@pytest.mark.parametrize("warmup", [0, 4])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_rates_are_those_of_torch_s_schedulers(
    schedule: Literal["constant", "cosine"], warmup: int
) -> None:
    config = TrainingConfig(steps=12, learning_rate=0.4, warmup=warmup, schedule=schedule)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], config.learning_rate)
    after: LRScheduler = ConstantLR(optimizer, factor=1.0)
    if schedule == "cosine":
        after = CosineAnnealingLR(optimizer, config.steps - warmup)
    oracle = after
    if warmup:
        rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        oracle = SequentialLR(optimizer, [rise, after], [warmup])
    for step in range(config.steps):
        assert learning_rate(config, step) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        oracle.step()


def by_hand(
    run: Training, optimizer: torch.optim.Optimizer, steps: int, clip: float = 0, smooth: float = 0
) -> nn.Module:
    """The network of `run` after some steps of a plain torch loop over the same batches."""
    network = run.network.train()
    data = load_data(DATA).train
    for indices in batch_indices(len(data), run.config.batch, run.config.steps, (0,))[:steps]:
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss(label_smoothing=smooth)(
            network(data.inputs[indices]), data.labels[indices]
        )
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
    return network


def agree(a: nn.Module, b: nn.Module) -> bool:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return all(torch.allclose(x, y, rtol=1e-4, atol=1e-6) for x, y in pairs)


PLAIN = TrainingConfig(steps=5, batch=8, learning_rate=0.05, schedule="constant", weight_decay=0.02)


@pytest.mark.parametrize(
    ("changes", "make"),
    [
        ({}, lambda p: torch.optim.SGD(p, 0.05, 0.9, weight_decay=0.02, nesterov=True)),
        ({"momentum": 0.0}, lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.02)),
        (
            {"optimizer": "adamw", "beta2": 0.95, "learning_rate": 0.003},
            lambda p: torch.optim.AdamW(p, 0.003, (0.9, 0.95), weight_decay=0.02),
        ),
        (
            {"decay_vectors": False},
            lambda p: torch.optim.SGD(
                [
                    {"params": [x for x in p if x.ndim > 1], "weight_decay": 0.02},
                    {"params": [x for x in p if x.ndim < 2], "weight_decay": 0.0},
                ],
                0.05,
                0.9,
                nesterov=True,
            ),
        ),
    ],
)
def test_optimizers_are_torch_s(changes: dict[str, Any], make: Callable[..., Any]) -> None:
    config = replace(PLAIN, **changes)
    ours, theirs = training(config=config), training(config=config)
    start = [p.clone() for p in ours.network.parameters()]
    ours.advance()
    assert agree(ours.network, by_hand(theirs, make(list(theirs.network.parameters())), 5))
    moved = zip(start, ours.network.parameters(), strict=True)
    assert all(not torch.equal(a, b) for a, b in moved)


@pytest.mark.parametrize(("clip", "smooth"), [(0.1, 0.0), (0.0, 0.2), (0.5, 0.1)])
def test_clipping_and_smoothing_are_torch_s(clip: float, smooth: float) -> None:
    config = replace(PLAIN, clip=clip, label_smoothing=smooth, weight_decay=0.0)
    ours, theirs, plain = training(config=config), training(config=config), training(config=PLAIN)
    ours.advance()
    plain.advance()
    optimizer = torch.optim.SGD(theirs.network.parameters(), 0.05, 0.9, nesterov=True)
    assert agree(ours.network, by_hand(theirs, optimizer, 5, clip, smooth))
    assert not agree(ours.network, plain.network)


def test_without_decay_of_vectors_a_gain_without_gradient_stays() -> None:
    class Idle(nn.Module):
        """A gain and a kernel that the loss does not depend on, but for rounding."""

        def __init__(self) -> None:
            super().__init__()
            self.gain, self.kernel = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4, 4))
            self.head = nn.Linear(192, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            idle = self.gain.sum() + self.kernel.sum()
            out: torch.Tensor = self.head(x.flatten(1)) + 0 * idle
            return out

    for decays in (True, False):
        run = Training(Idle(), load_data(DATA), replace(PLAIN, decay_vectors=decays), (0,))
        run.advance()
        assert bool((run.network.get_parameter("kernel") < 1).all())
        assert bool((run.network.get_parameter("gain") == 1).all()) is not decays


def test_autocast_computes_in_bfloat16_and_still_learns() -> None:
    seen: list[torch.dtype] = []
    config = TrainingConfig(steps=60, batch=32, warmup=5, autocast=True)
    run = training(config=config)
    head = run.network.get_submodule("head")
    head.register_forward_hook(lambda _, __, out: seen.append(out.dtype))
    run.advance()
    assert run.accuracy() > 2 * load_data(DATA).guess
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in run.network.parameters()} == {torch.float32}


def test_channels_last_changes_the_layout_and_not_the_result() -> None:
    plain, last = training(), training(config=replace(CONFIG, channels_last=True))
    strides: list[bool] = []
    stem = last.network.get_submodule("stem")
    stem.register_forward_hook(
        lambda _, __, out: strides.append(out.is_contiguous(memory_format=torch.channels_last))
    )
    plain.advance()
    last.advance()
    assert all(strides)
    assert agree(plain.network, last.network)


def test_text_is_trained_and_scored_by_character() -> None:
    data = load_data(TextConfig(context=16, validation=64))
    layer = partial(layer_class(graph_of("LN-GELU")), groups=2)
    config = GPTConfig(width=32, depth=1, heads=2)
    anchor = build_network("gpt", config, layer, data.shape, data.classes, (0,))
    trained = TrainingConfig(80, 32, 0.01, schedule="constant", optimizer="adamw", clip=1.0)
    run = Training(anchor.module, data, trained, (0,))
    run.advance()
    assert run.accuracy() > 1.2 * data.guess
    with torch.inference_mode():
        logits = anchor.module(data.validation.inputs)
    right = (logits.argmax(2) == data.validation.labels).float().mean()
    assert run.accuracy() == pytest.approx(float(right))


def test_augmented_training_repeats_and_differs_from_plain() -> None:
    config = replace(CONFIG, augmentation=AugmentationConfig(padding=1, flip=True))
    first, second, plain = training(config=config), training(config=config), training()
    for run in (first, second, plain):
        run.advance()
    pairs = list(zip(first.network.parameters(), second.network.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not agree(first.network, plain.network)


def test_crops_are_trained_on_and_whole_images_validated() -> None:
    config = replace(CONFIG, augmentation=AugmentationConfig(crop=6))
    run, seen = training(config=config), []
    run.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[-1]))
    run.advance(1)
    run.accuracy()
    assert seen == [6, 8]


def test_every_layer_sees_the_same_start_and_batches() -> None:
    """However many parameters it has, and whether it draws numbers or not."""
    seen: dict[str, list[torch.Tensor]] = {}
    starts: dict[str, torch.Tensor] = {}
    for layer in ("BN-ReLU", "tanh(x)"):
        run = training(layer)
        starts[layer] = run.network.get_parameter("head.weight").clone()
        inputs = seen.setdefault(layer, [])
        run.network.register_forward_pre_hook(
            lambda _, given, inputs=inputs: inputs.append(given[0])
        )
        run.advance()
    assert torch.equal(*starts.values())
    assert all(torch.equal(a, b) for a, b in zip(*seen.values(), strict=True))


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


def test_a_loss_that_becomes_non_finite_later_is_named_by_its_step() -> None:
    run = training("x * x", TrainingConfig(steps=50, batch=8, learning_rate=30.0))
    with pytest.raises(DivergedError, match=r"loss (nan|inf) at step \d+$") as caught:
        run.advance()
    assert int(str(caught.value).rpartition(" ")[2]) == run.step + 1 > 1


def test_a_non_finite_output_in_validation_is_no_score() -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 10), float("nan"))

    with pytest.raises(DivergedError, match="non-finite output in validation after step 7"):
        accuracy(Broken(), load_data(DATA).validation, 64, 7)
