"""A data set held as tensors: three splits by source, standardised with the training split."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Scale:
    """mean, std: of each channel of the training images, (C, 1, 1) float32."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, images: Tensor) -> "Scale":
        """The scale of images (N, C, H, W), of numbers or of bytes."""
        starts = range(0, len(images), 4096)  # in pieces, to save memory
        sums = [_sums(images[start : start + 4096].double()) for start in starts]
        first, second = torch.stack(sums).sum(0) * images.shape[1] / images.numel()
        std = (second - first.square()).clamp(min=0).sqrt()
        # A channel that never changes says nothing: it becomes 0 everywhere.
        std = torch.where(std > 0, std, torch.ones_like(std))
        return cls(first.float().view(-1, 1, 1), std.float().view(-1, 1, 1))


@dataclass(frozen=True, slots=True)
class Split:
    """inputs: images (N, C, H, W), or characters (N, T) int64; labels: int64, (N,) or (N, T).

    scale: images are kept as bytes, in a quarter of the memory, and standardised when taken; None:
    they are float32 and standardised already.
    """

    inputs: Tensor
    labels: Tensor
    scale: Scale | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, where: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Inputs and labels at some places, ready for a network."""
        inputs = self.inputs[where]
        if self.scale is not None:
            inputs = (inputs.float() - self.scale.mean) / self.scale.std
        return inputs, self.labels[where]

    def to(self, device: str) -> "Split":
        """The same split on a device."""
        scale = self.scale
        if scale is not None:
            scale = Scale(scale.mean.to(device), scale.std.to(device))
        return Split(self.inputs.to(device), self.labels.to(device), scale)


@dataclass(frozen=True, slots=True)
class Dataset:
    """train: for weights; validation: for quality, scores, selection.

    The third split is for reranking alone, once: it is not held, and `read_test()` loads it.
    classes: labels are 0 .. classes - 1; of text, characters are.
    """

    train: Split
    validation: Split
    classes: int
    read_test: Callable[[], Split] = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input: (channels, height, width), or (characters,)."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def guess(self) -> float:
        """Validation accuracy of always guessing validation's commonest class, in 0..1."""
        labels = self.validation.labels
        return int(labels.flatten().bincount().max()) / labels.numel()

    def to(self, device: str) -> "Dataset":
        """The same data on a device."""
        read = self.read_test
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            read_test=lambda: read().to(device),
        )


def _sums(images: Tensor) -> Tensor:
    """(2, C): sums of the values of each channel, and of their squares."""
    return torch.stack((images.sum((0, 2, 3)), images.square().sum((0, 2, 3))))
