"""Another function of a name that is in use."""

import torch


def mish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(1.7 * x)
