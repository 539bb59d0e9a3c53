"""The loss of every anchor."""

from torch import Tensor
from torch.nn import functional


def classification_loss(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits (..., classes) for labels (...), which may be smoothed."""
    return functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), label_smoothing=smoothing
    )
