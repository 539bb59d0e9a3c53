"""What a function of the user's imports from another module of the user's."""

import torch


def soften(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(1.5 * x)
