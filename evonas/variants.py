"""Settings of an evaluation like given ones, but for the training of every anchor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workers.settings import AnchorConfig, EvaluationConfig


def with_steps(config: EvaluationConfig, factor: int) -> EvaluationConfig:
    """The settings with so many times the training steps; what is asked early stays early."""
    return _with(config, "steps", lambda steps: factor * steps)


def with_rate(config: EvaluationConfig, factor: float) -> EvaluationConfig:
    """The settings with so many times the learning rate."""
    return _with(config, "learning_rate", lambda rate: factor * rate)


def _with(config: EvaluationConfig, setting: str, change: Callable[[Any], Any]) -> EvaluationConfig:
    """The shared setting changed, and that of each anchor that has its own."""

    def changed(anchor: AnchorConfig) -> AnchorConfig:
        own = getattr(anchor, setting)
        return anchor if own is None else replace(anchor, **{setting: change(own)})

    training = replace(config.training, **{setting: change(getattr(config.training, setting))})
    return replace(config, anchors=tuple(map(changed, config.anchors)), training=training)
