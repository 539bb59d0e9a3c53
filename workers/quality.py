"""The quality protocol: reject what has learned too little early in its own proxy training."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """step: training step of the check; 0 turns the protocol off.

    factor: the threshold as a multiple of the accuracy of always guessing the commonest class;
    threshold: an absolute one in 0..1 instead, as in the paper.
    """

    step: int = 50
    factor: float = 2.0
    threshold: float | None = None


def quality_threshold(config: QualityConfig, guess: float) -> float:
    """Least accuracy that passes, given that of the commonest class, `guess`; both in 0..1."""
    return config.factor * guess if config.threshold is None else config.threshold
