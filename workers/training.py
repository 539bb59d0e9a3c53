"""Proxy training: SGD or AdamW on seeded batches, pausable at any step."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from workers.augmentation import Augmentation, AugmentationConfig
from workers.data import Dataset, Split
from workers.keys import later
from workers.loss import classification_loss


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """steps: updates in all; batch: inputs a step; schedule: after `warmup` steps of linear rise.

    validation_batch: inputs a forward pass in validation; no effect on the score beyond rounding.
    momentum: Nesterov's in SGD, the first beta of AdamW, whose second is beta2. decay_vectors:
    whether biases and gains decay as matrices and kernels do. clip: largest norm of a gradient, 0
    for no clipping. autocast: forward passes in bfloat16 where torch deems it safe. channels_last:
    how images lie in memory, faster on GPUs with bfloat16 and for some convolutions on CPUs.
    """

    steps: int = 100
    batch: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: int = 0
    validation_batch: int = 256
    optimizer: Literal["sgd", "adamw"] = later("sgd")
    beta2: float = later(0.999)
    decay_vectors: bool = later(True)
    clip: float = later(0.0)
    label_smoothing: float = later(0.0)
    autocast: bool = later(False)
    channels_last: bool = later(False)
    augmentation: AugmentationConfig = later(AugmentationConfig())


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


def make_optimizer(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimizer of a configuration over all parameters of a network."""
    groups = [{"params": list(network.parameters()), "weight_decay": config.weight_decay}]
    if not config.decay_vectors:
        matrices = [p for p in network.parameters() if p.ndim > 1]
        vectors = [p for p in network.parameters() if p.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": config.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(
            groups, config.learning_rate, betas=(config.momentum, config.beta2), fused=True
        )
    return torch.optim.SGD(
        groups, config.learning_rate, config.momentum, nesterov=config.momentum > 0, fused=True
    )


class DivergedError(Exception):
    """The loss of a training step, or an output in validation, was not finite."""


class Training:
    """One network on its way through proxy training: `advance` at will, then `accuracy`."""

    def __init__(
        self, network: nn.Module, data: Dataset, config: TrainingConfig, seed: tuple[int, ...]
    ) -> None:
        """The network is on the device of the data. Raises ValueError for a crop that cannot be."""
        self._images = data.train.inputs.ndim == 4
        if config.channels_last and self._images:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network
        self.config = config
        self.step = 0
        self._data = data
        device = data.train.labels.device
        batches = batch_indices(len(data.train), config.batch, config.steps, seed)
        self._batches = batches.to(device)
        self._augment: Augmentation | None = None
        if self._images and config.augmentation != AugmentationConfig():
            steps = (config.steps, config.batch)
            self._augment = Augmentation(config.augmentation, data.shape, steps, seed)
        self._optimizer = make_optimizer(network, config)

    def advance(self, until: int | None = None) -> None:
        """Train up to step `until`, None: the last. Raises DivergedError at a non-finite loss."""
        self.network.train()
        while self.step < (self.config.steps if until is None else until):
            loss = self._loss()
            if not math.isfinite(loss.item()):
                raise DivergedError(f"loss {loss.item()} at step {self.step + 1}")
            for group in self._optimizer.param_groups:
                group["lr"] = learning_rate(self.config, self.step)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if self.config.clip > 0:
                nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
            self._optimizer.step()
            self.step += 1

    def accuracy(self, split: Split | None = None) -> float:
        """Accuracy in 0..1 on a split, None: validation, in evaluation mode.

        Raises DivergedError, see `accuracy`.
        """
        split = self._data.validation if split is None else split
        with self._autocast():
            return accuracy(self.network, split, self.config.validation_batch, self.step)

    def _loss(self) -> Tensor:
        inputs, labels = self._data.train.take(self._batches[self.step])
        if self._augment is not None:
            inputs = self._augment(inputs, self.step)
        if self.config.channels_last and self._images:
            inputs = inputs.to(memory_format=torch.channels_last)
        with self._autocast():
            logits = self.network(inputs)
            return classification_loss(logits, labels, self.config.label_smoothing)

    def _autocast(self) -> AbstractContextManager[object]:
        if not self.config.autocast:
            return nullcontext()
        return torch.autocast(self._data.train.labels.device.type, dtype=torch.bfloat16)


def accuracy(network: nn.Module, split: Split, batch: int, step: int) -> float:
    """Share of labels of `split` predicted right. Raises DivergedError at a non-finite output."""
    network.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(split), batch):
            inputs, labels = split.take(slice(start, start + batch))
            logits = network(inputs)
            if not bool(torch.isfinite(logits).all()):
                raise DivergedError(f"non-finite output in validation after step {step}")
            right += int((logits.argmax(-1) == labels).sum())
    return right / split.labels.numel()
