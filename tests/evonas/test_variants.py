"""Settings with other steps and rates."""

from __future__ import annotations

import pytest

from evonas.config import load_config
from evonas.variants import with_rate, with_steps


def test_variants_change_steps_and_rates_alone() -> None:
    config = load_config("quick").evaluation
    long, slow = with_steps(config, 10), with_rate(config, 0.3)
    for before, a, b in zip(config.anchors, long.anchors, slow.anchors, strict=True):
        plain = config.training_of(before)
        assert long.training_of(a).steps == 10 * plain.steps
        assert long.training_of(a).learning_rate == plain.learning_rate
        assert slow.training_of(b).learning_rate == pytest.approx(0.3 * plain.learning_rate)
        assert slow.training_of(b).steps == plain.steps
        assert long.quality_step(a) == config.quality_step(before)
    assert long.data == slow.data == config.data
