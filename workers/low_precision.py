"""One layer trained for long in float32 and under autocast in bfloat16 and float16."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.anchors import NormAct, build_network
from workers.anchors.resnet import ResNetConfig
from workers.data import DigitsConfig, load_data
from workers.threads import one_thread
from workers.training import (
    DivergedError,
    TrainingConfig,
    accuracy,
    batch_indices,
    learning_rate,
    make_optimizer,
)

GROUPS = 4
NETWORK = ResNetConfig(stem=8, widths=(8, 16), depths=(1, 1), strides=(1, 2), stem_stride=2)
DATA = DigitsConfig(
    size=12, train=4096, validation=512, test=1, scale=(0.8, 1.0), clutter=0, dark=0.5, noise=0.03
)
TRAINING = TrainingConfig(batch=32, learning_rate=0.1, warmup=20)
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
_LAST = 0.1  # share of the steps whose losses are averaged


@dataclass(frozen=True, slots=True)
class PrecisionRun:
    """One training: mean loss of its last steps, validation accuracy, the largest number that a
    layer put out; None from where it diverged. skipped: updates with gradients beyond float16.
    """

    dtype: str
    loss: float | None
    accuracy: float | None
    largest: float
    skipped: int
    diverged_at: int | None  # step


def precision_runs(layer: NormAct, steps: int) -> list[PrecisionRun]:
    """The same training, data and first weights, in each of DTYPES."""
    config = replace(TRAINING, steps=steps)
    with one_thread():
        return [_run(layer, dtype, config) for dtype in DTYPES]


def _run(layer: NormAct, dtype: torch.dtype, config: TrainingConfig) -> PrecisionRun:
    data = load_data(DATA)
    built = partial(layer, groups=GROUPS)
    network = build_network("resnet", NETWORK, built, data.shape, data.classes, (0, 0)).module
    largest = _watch_outputs(network, _layer_type(layer))
    optimizer = make_optimizer(network, config)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
    cast = partial(torch.autocast, "cpu", dtype, enabled=dtype != torch.float32)
    losses, skipped = [], 0
    for step, where in enumerate(batch_indices(len(data.train), config.batch, config.steps, (0,))):
        inputs, labels = data.train.take(where)
        with cast():
            loss = functional.cross_entropy(network(inputs).float(), labels)
        if not math.isfinite(loss.item()):
            return PrecisionRun(str(dtype)[6:], None, None, largest(), skipped, step + 1)
        losses.append(loss.item())
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, step)
        optimizer.zero_grad()
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < before
    last = losses[-max(1, round(_LAST * config.steps)) :]
    try:
        with cast():
            right = accuracy(network, data.validation, config.validation_batch, config.steps)
    except DivergedError:
        return PrecisionRun(str(dtype)[6:], None, None, largest(), skipped, config.steps)
    mean = sum(last) / len(last)
    return PrecisionRun(str(dtype)[6:], mean, right, largest(), skipped, None)


def _layer_type(layer: NormAct) -> type[nn.Module]:
    return type(layer(2 * GROUPS, groups=GROUPS))


def _watch_outputs(network: nn.Module, kind: type[nn.Module]) -> Callable[[], float]:
    """A function that says the largest absolute number that the layers have put out so far."""
    largest = torch.zeros(())

    def note(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        torch.maximum(largest, output.detach().abs().max().float(), out=largest)

    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(note)
    return lambda: float(largest)
