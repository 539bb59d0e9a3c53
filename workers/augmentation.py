"""Augmentation of images on their device: random crops of padded images, and flips."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class AugmentationConfig:
    """padding: pixels of the mean colour on every side; crop: side of the random crop, 0 for that
    of the image; flip: left and right swapped in half of the images. Training images alone.
    """

    padding: int = 0
    crop: int = 0
    flip: bool = False


class Augmentation:
    """The draws for every image of every step, made beforehand from a seed, on any device alike."""

    def __init__(
        self,
        config: AugmentationConfig,
        shape: tuple[int, ...],
        batches: tuple[int, int],
        seed: tuple[int, ...],
    ) -> None:
        """shape: (C, H, W) of an image; batches: (steps, images a step)."""
        _, height, width = shape
        self._config = config
        self._size = (config.crop or height, config.crop or width)
        room = (
            height + 2 * config.padding - self._size[0],
            width + 2 * config.padding - self._size[1],
        )
        if min(room) < 0:
            raise ValueError(
                f"augmentation.crop {config.crop} is larger than the padded image, {height} x "
                f"{width} and {config.padding} on every side; lower it or raise the padding"
            )
        rng = np.random.default_rng([*seed, 2])
        self._tops = torch.from_numpy(rng.integers(0, room[0] + 1, batches))
        self._lefts = torch.from_numpy(rng.integers(0, room[1] + 1, batches))
        self._flips = torch.from_numpy(rng.random(batches) < 0.5)

    def __call__(self, images: Tensor, step: int) -> Tensor:
        """(B, C, H, W) to (B, C, crop, crop), as drawn for one step."""
        device, padding = images.device, self._config.padding
        padded = functional.pad(images, (padding,) * 4)
        rows = self._tops[step].to(device)[:, None] + torch.arange(self._size[0], device=device)
        columns = torch.arange(self._size[1], device=device).expand(len(images), -1)
        if self._config.flip:
            flips = self._flips[step].to(device)[:, None]
            columns = torch.where(flips, self._size[1] - 1 - columns, columns)
        columns = self._lefts[step].to(device)[:, None] + columns
        batch = torch.arange(len(images), device=device)[:, None, None, None]
        channels = torch.arange(images.shape[1], device=device)[None, :, None, None]
        return padded[batch, channels, rows[:, None, :, None], columns[:, None, None, :]]
