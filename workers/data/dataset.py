"""A data set held as tensors: three splits by source, standardised with the training split."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Split:
    """images: (N, C, H, W) float32; labels: (N,) int64."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Dataset:
    """train: for weights; validation: for quality, scores, selection; test: for reranking only."""

    train: Split
    validation: Split
    test: Split
    classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def guess(self) -> float:
        """Validation accuracy of always guessing validation's commonest class, in 0..1."""
        labels = self.validation.labels
        return int(labels.bincount().max()) / len(labels)
