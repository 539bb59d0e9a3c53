"""Augmentation: every output is a crop of the padded image, drawn from the seed alone."""

import pytest
import torch
from torch.nn import functional

from workers.augmentation import Augmentation, AugmentationConfig

SHAPE = (2, 5, 7)
IMAGES = torch.arange(1, 1 + 6 * 2 * 5 * 7).float().view(6, *SHAPE)  # every pixel is its own


def augmented(config: AugmentationConfig, seed: int = 0) -> torch.Tensor:
    return Augmentation(config, SHAPE, (3, 6), (seed,))(IMAGES, 1)


def crops(config: AugmentationConfig, image: torch.Tensor) -> list[torch.Tensor]:
    """Everything that may become of one image."""
    p = config.padding
    padded = functional.pad(image, (p, p, p, p))
    height, width = (config.crop or 5, config.crop or 7)
    found = [
        padded[:, top : top + height, left : left + width]
        for top in range(padded.shape[1] - height + 1)
        for left in range(padded.shape[2] - width + 1)
    ]
    return found + [crop.flip(2) for crop in found] if config.flip else found


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("crop", [0, 4])
@pytest.mark.parametrize("flip", [True, False])
def test_each_image_becomes_one_of_its_crops(padding: int, crop: int, flip: bool) -> None:
    config = AugmentationConfig(padding, crop, flip)
    for image, found in zip(IMAGES, augmented(config), strict=True):
        assert any(torch.equal(found, allowed) for allowed in crops(config, image))


def test_crops_and_flips_are_drawn_evenly() -> None:
    config = AugmentationConfig(padding=1, flip=True)
    draw = Augmentation(config, SHAPE, (400, 6), (0,))
    allowed = crops(config, IMAGES[0])
    counts = [0] * len(allowed)
    for step in range(400):
        found = draw(IMAGES, step)[0]
        counts[[torch.equal(found, crop) for crop in allowed].index(True)] += 1
    assert len(allowed) == 18
    assert min(counts) > 5
    assert max(counts) < 50


def test_the_draws_depend_on_seed_and_step_alone() -> None:
    config = AugmentationConfig(padding=2, flip=True)
    assert torch.equal(augmented(config), augmented(config))
    assert not torch.equal(augmented(config), augmented(config, seed=1))
    draw = Augmentation(config, SHAPE, (3, 6), (0,))
    assert not torch.equal(draw(IMAGES, 0), draw(IMAGES, 1))
    assert torch.equal(draw(IMAGES, 1), augmented(config))


def test_a_crop_that_is_too_large_is_named() -> None:
    with pytest.raises(ValueError, match=r"crop 8 is larger than the padded image, 5 x 7 and 1"):
        augmented(AugmentationConfig(padding=1, crop=8))
