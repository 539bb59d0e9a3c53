"""The stability protocol: gradient ascent on the norm of the loss gradient (Liu et al. 2020)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces.layer import leave_to_autograd
from workers.loss import classification_loss


@dataclass(frozen=True, slots=True)
class StabilityConfig:
    """steps: ascent steps in all, 0 turns the protocol off; first_steps: those before quality.

    rate: ascent rate, on the gradient of the norm; threshold: a greater (or non-finite) norm
    rejects; batch: training inputs, the same at every step.
    """

    steps: int = 20
    first_steps: int = 10
    rate: float = 0.1
    threshold: float = 1e8
    batch: int = 16


@dataclass(frozen=True, slots=True)
class Explosion:
    """step: ascent steps done when the gradient norm was above the threshold; norm: may be nan."""

    step: int
    norm: float


class Ascent:
    """A network whose weights climb the gradient norm; `advance` as often as wanted."""

    def __init__(
        self,
        network: nn.Module,
        weights: Sequence[Tensor],
        inputs: Tensor,
        labels: Tensor,
        config: StabilityConfig,
    ) -> None:
        """Moves `weights` (matrices and kernels of the anchor) in place, in training mode."""
        self.step = 0
        self.norm = 0.0
        self.exploded: Explosion | None = None
        self._network = network
        leave_to_autograd(network)
        self._weights = list(weights)
        self._inputs = inputs
        self._labels = labels
        self._config = config

    def advance(self, until: int) -> Explosion | None:
        """Measure the norm and climb, up to step `until`; None if the norm stayed bounded."""
        self._network.train()
        while self.step < until:
            norm = self._gradient_norm()
            self.norm = norm.item()
            if not math.isfinite(self.norm) or self.norm > self._config.threshold:
                self.exploded = Explosion(self.step, self.norm)
                return self.exploded
            self._climb(norm)
            self.step += 1
        return None

    def _gradient_norm(self) -> Tensor:
        loss = classification_loss(self._network(self._inputs), self._labels)
        gradients = torch.autograd.grad(
            loss, self._weights, create_graph=True, materialize_grads=True
        )
        return torch.stack([g.square().sum() for g in gradients]).sum().sqrt()

    def _climb(self, norm: Tensor) -> None:
        if self.norm == 0 or not norm.requires_grad:
            return  # a dead network: nothing to climb
        directions = torch.autograd.grad(norm, self._weights, materialize_grads=True)
        with torch.no_grad():
            torch._foreach_add_(self._weights, directions, alpha=self._config.rate)
