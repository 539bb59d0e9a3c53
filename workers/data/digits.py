"""scikit-learn's handwritten digits (1,797 real scans) as a placed, coloured and cluttered task."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from workers.data.dataset import Dataset, Split
from workers.keys import later

SPLIT_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}  # of the scans


@dataclass(frozen=True, slots=True)
class DigitsConfig:
    """size: side of the image, pixels; train, validation, test: images drawn from each split.

    scale: least and greatest side of the digit as a share of the image's; tilt: greatest rotation,
    degrees; clutter: pieces cut from other digits, painted under the digit; ground: least and
    greatest value of each colour of the ground; contrast: least and greatest distance of a shape's
    colour from the ground's; dark: share of shapes darker than the ground, the others are lighter;
    noise: standard deviation added to every pixel.
    """

    size: int = 16
    train: int = 8192
    validation: int = 1024
    test: int = 1024
    scale: tuple[float, float] = (0.6, 0.9)
    tilt: float = 10.0
    clutter: int = 1
    ground: tuple[float, float] = (0.0, 0.4)
    contrast: tuple[float, float] = (0.5, 1.0)
    dark: float = 0.0
    noise: float = 0.05
    seed: int = 0
    kind: Literal["digits"] = later("digits")


def load(config: DigitsConfig) -> Dataset:
    """The task, a pure function of `config`; no scan is in two splits, clutter included."""
    from sklearn.datasets import load_digits  # slow to import, needed once a process

    digits: Any = load_digits()
    scans = np.asarray(digits.images, dtype=np.float32) / 16.0  # (1797, 8, 8) in 0..1
    labels = np.asarray(digits.target, dtype=np.int64)
    counts = {"train": config.train, "validation": config.validation, "test": config.test}
    members = split_scans(len(scans), config.seed)
    names = list(members)

    def render(name: str) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([config.seed, 1 + names.index(name)])
        chosen = np.resize(rng.permutation(members[name]), counts[name])  # each equally often
        images = _render(scans, chosen, members[name], config, rng)
        return images, torch.from_numpy(labels[chosen])

    images, train_labels = render("train")
    mean = images.mean((0, 2, 3), keepdim=True)
    std = images.std((0, 2, 3), keepdim=True)

    def split(name: str) -> Split:
        images, labels = render(name)
        return Split((images - mean) / std, labels)

    return Dataset(
        Split((images - mean) / std, train_labels),
        split("validation"),
        int(labels.max()) + 1,
        lambda: split("test"),
    )


def split_scans(count: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """The scans of each split, by name: numbers below `count`, each in exactly one split."""
    order = np.random.default_rng([seed, 0]).permutation(count)
    ends = np.cumsum(list(SPLIT_SHARES.values()))[:-1] * count
    return dict(zip(SPLIT_SHARES, np.split(order, ends.round().astype(int)), strict=True))


def _render(
    scans: NDArray[np.float32],
    chosen: NDArray[np.int64],
    members: NDArray[np.int64],
    config: DigitsConfig,
    rng: np.random.Generator,
) -> Tensor:
    """One image (3, size, size) for each chosen scan: ground, clutter, digit, noise."""
    count = len(chosen)
    ground = _uniform(rng, *config.ground, (count, 3, 1, 1))
    canvas = ground.expand(count, 3, config.size, config.size)
    for _ in range(config.clutter):
        pieces = scans[rng.choice(members, count)] * _windows(rng, count)
        canvas = _paint(canvas, pieces, ground, config, rng)
    canvas = _paint(canvas, scans[chosen], ground, config, rng)
    noise = rng.standard_normal(tuple(canvas.shape), dtype=np.float32)
    return canvas + config.noise * torch.from_numpy(noise)


def _windows(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Masks (count, 8, 8), one on a random 4 x 4 window: what is cut out of a clutter scan."""
    corner = rng.integers(0, 5, (count, 2))
    inside = [(np.arange(8) >= c[:, None]) & (np.arange(8) < c[:, None] + 4) for c in corner.T]
    mask: NDArray[np.float32] = (inside[0][:, :, None] & inside[1][:, None, :]).astype(np.float32)
    return mask


def _paint(
    canvas: Tensor,
    shapes: NDArray[np.float32],
    ground: Tensor,
    config: DigitsConfig,
    rng: np.random.Generator,
) -> Tensor:
    """Blend one tilted, scaled, placed shape (8, 8) into each canvas, in a colour of its own."""
    count = len(shapes)
    scale = _uniform(rng, *config.scale, (count,))
    angle = _uniform(rng, -1.0, 1.0, (count,)) * math.radians(config.tilt)
    centre = _uniform(rng, -1.0, 1.0, (count, 2)) * (1 - scale)[:, None]  # stays inside
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    shift = -(turn @ centre[:, :, None])
    grid = functional.affine_grid(
        torch.cat([turn, shift], 2), [count, 1, config.size, config.size], align_corners=False
    )
    cover = functional.grid_sample(torch.from_numpy(shapes)[:, None], grid, align_corners=False)
    colour = functional.normalize(_uniform(rng, 0.0, 1.0, (count, 3)))
    sign = torch.from_numpy(
        np.where(rng.random((count, 1)) < config.dark, -1, 1).astype(np.float32)
    )
    offset = sign * colour * _uniform(rng, *config.contrast, (count, 1))
    return canvas + cover * (ground + offset[:, :, None, None] - canvas)


def _uniform(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32))
