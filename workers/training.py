"""Proxy training: SGD with Nesterov momentum on seeded batches, pausable at any step."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.data import Dataset, Split


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """steps: updates in all; batch: images a step; schedule: after `warmup` steps of linear rise.

    validation_batch: images a forward pass in validation; no effect on the score beyond rounding.
    """

    steps: int = 100
    batch: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: int = 0
    validation_batch: int = 256


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate of update `step` (from 0)."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.learning_rate
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def batch_indices(count: int, batch: int, steps: int, seed: tuple[int, ...]) -> Tensor:
    """(steps, batch) indices into `count` examples: shuffled passes, one after another."""
    rng = np.random.default_rng(seed)
    needed = steps * batch
    passes = [rng.permutation(count) for _ in range(math.ceil(needed / count))]
    return torch.from_numpy(np.concatenate(passes)[:needed]).view(steps, batch)


class DivergedError(Exception):
    """The loss of a training step, or an output in validation, was not finite."""


class Training:
    """One network on its way through proxy training: `advance` at will, then `accuracy`."""

    def __init__(
        self, network: nn.Module, data: Dataset, config: TrainingConfig, seed: tuple[int, ...]
    ) -> None:
        self.network = network
        self.config = config
        self.step = 0
        self._data = data
        self._batches = batch_indices(len(data.train.labels), config.batch, config.steps, seed)
        self._optimizer = torch.optim.SGD(
            network.parameters(),
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            nesterov=config.momentum > 0,
            fused=True,
        )

    def advance(self, until: int | None = None) -> None:
        """Train up to step `until`, None: the last. Raises DivergedError at a non-finite loss."""
        self.network.train()
        train = self._data.train
        while self.step < (self.config.steps if until is None else until):
            inputs, labels = train.take(self._batches[self.step])
            loss = functional.cross_entropy(self.network(inputs), labels)
            if not math.isfinite(loss.item()):
                raise DivergedError(f"loss {loss.item()} at step {self.step + 1}")
            for group in self._optimizer.param_groups:
                group["lr"] = learning_rate(self.config, self.step)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self.step += 1

    def accuracy(self) -> float:
        """Validation accuracy in 0..1, in evaluation mode. Raises DivergedError, see `accuracy`."""
        return accuracy(
            self.network, self._data.validation, self.config.validation_batch, self.step
        )


def accuracy(network: nn.Module, split: Split, batch: int, step: int) -> float:
    """Share of `split` that is classified right. Raises DivergedError at a non-finite output."""
    network.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(split.labels), batch):
            inputs, labels = split.take(slice(start, start + batch))
            logits = network(inputs)
            if not bool(torch.isfinite(logits).all()):
                raise DivergedError(f"non-finite output in validation after step {step}")
            right += int((logits.argmax(1) == labels).sum())
    return right / len(split.labels)
