"""What the numbers among the settings of an evaluation may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workers.anchors import (
    EfficientNetConfig,
    GPTConfig,
    MobileNetConfig,
    ResNetConfig,
    ViTConfig,
)
from workers.augmentation import AugmentationConfig
from workers.data import CifarConfig, DigitsConfig, FolderConfig, TextConfig
from workers.quality import QualityConfig
from workers.stability import StabilityConfig
from workers.training import TrainingConfig

_STAGES: dict[str, float] = {"widths": 1, "depths": 0, "strides": 1}
_INVERTED: dict[str, float] = {
    "stem": 1,
    "stem_stride": 1,
    **_STAGES,
    "expansion": 1,
    "first_expansion": 1,
    "head": 1,
}
_TRANSFORMER: dict[str, float] = {"width": 1, "depth": 0, "heads": 1, "expansion": 1}
#: What an anchor may have of its own, too.
TRAINING: dict[str, float] = {
    "steps": 1,
    "batch": 1,
    "learning_rate": 0,
    "warmup": 0,
    "weight_decay": 0,
    "clip": 0,
}
#: The least value of a setting, or of each of its values.
LEAST: dict[type[Any], dict[str, float]] = {
    TrainingConfig: {
        **TRAINING,
        "momentum": 0,
        "validation_batch": 1,
        "beta2": 0,
        "label_smoothing": 0,
    },
    AugmentationConfig: {"padding": 0, "crop": 0},
    QualityConfig: {"step": 0, "factor": 0},
    StabilityConfig: {"steps": 0, "first_steps": 0, "rate": 0, "threshold": 0, "batch": 1},
    ResNetConfig: {"stem": 1, **_STAGES, "stem_kernel": 1, "stem_stride": 1, "pool": 0},
    MobileNetConfig: _INVERTED,
    EfficientNetConfig: {**_INVERTED, "kernels": 1, "squeeze": 0},
    ViTConfig: {**_TRANSFORMER, "patch": 1, "stem": 0},
    GPTConfig: _TRANSFORMER,
    DigitsConfig: {
        "size": 1,
        "train": 1,
        "validation": 1,
        "test": 1,
        "clutter": 0,
        "noise": 0,
        "seed": 0,
    },
    CifarConfig: {"train": 0, "validation": 1, "seed": 0},
    FolderConfig: {"size": 1, "validation": 0, "test": 0, "seed": 0},
    TextConfig: {"context": 1, "vocabulary": 2, "validation": 1, "seed": 0},
}
#: What a setting must stay below.
BELOW: dict[type[Any], dict[str, float]] = {
    TrainingConfig: {"momentum": 1, "beta2": 1, "label_smoothing": 1},
    FolderConfig: {"validation": 1, "test": 1},
}


def misfit(config: Any, least: Mapping[str, float]) -> tuple[str, str] | None:
    """The first setting of a section that is out of its range and what is allowed, None if none is.

    A value that is left out (None) fits.
    """
    for name, smallest in least.items():
        below = BELOW.get(type(config), {}).get(name, math.inf)
        value = getattr(config, name)
        values = value if isinstance(value, tuple) else (value,)
        if any(v is not None and not smallest <= v < below for v in values):
            upper = "" if below == math.inf else f" and below {below:g}"
            return name, f"give {smallest:g} or more{upper}"
    return None


def uneven(config: Any) -> str | None:
    """The settings of a network's stages and their numbers, if they have not one for each stage."""
    stages = [name for name in ("widths", "depths", "strides", "kernels") if hasattr(config, name)]
    counts = [len(getattr(config, name)) for name in stages]
    if len(set(counts)) < 2:
        return None
    return ", ".join(f"{name} has {count}" for name, count in zip(stages, counts, strict=True))
