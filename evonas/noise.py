"""When a layer is called better than another: dominance that exceeds the noise between seeds.

The noise of a score is estimated from the layers that were evaluated on several seeds: on each
anchor the variance between the seeds of one layer, pooled over layers (the sum of squares within
layers over its degrees of freedom). A mean over n seeds then has the variance s^2 / n, also for a
layer with a single seed. Layer p is better than q if it is nowhere worse, and in at least one
objective better by more than two standard errors of the difference, s * sqrt(1/n_p + 1/n_q). Being
a part of ordinary dominance, this has no cycles. Costs have no noise. While the noise is not known
(fewer than four degrees of freedom) nothing is better for its scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIGMAS = 2.0  # standard errors that a difference must exceed
LEAST_DEGREES = 4

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of a single score by anchor; empty while it is not known. `degrees` of
    freedom that it was estimated with.
    """

    deviation: dict[str, float]
    degrees: int

    @property
    def known(self) -> bool:
        """Whether any difference can exceed it."""
        return bool(self.deviation)


def pooled(layers: Iterable[Sequence[Scores]]) -> Noise:
    """The noise between the seeds of layers, each given by its scores on every seed."""
    squares: dict[str, float] = {}
    degrees = 0
    for seeds in layers:
        if len(seeds) < 2:
            continue
        degrees += len(seeds) - 1
        for anchor in seeds[0]:
            values = np.array([scores[anchor] for scores in seeds])
            within = float(((values - values.mean()) ** 2).sum())
            squares[anchor] = squares.get(anchor, 0.0) + within
    if degrees < LEAST_DEGREES:
        return Noise({}, degrees)
    return Noise({a: float(np.sqrt(total / degrees)) for a, total in squares.items()}, degrees)


def better(
    points: NDArray[np.float64], seeds: NDArray[np.int64], deviation: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether layer i is better than layer j, layers x layers.

    points: layers x objectives, more is better; seeds: evaluations of each layer; deviation: of one
    evaluation in each objective, 0 for what has no noise, infinite for what is not known.
    """
    gain = points[:, None, :] - points[None, :, :]
    error = np.sqrt(1 / seeds[:, None] + 1 / seeds[None, :])[:, :, None] * deviation
    beyond: NDArray[np.bool_] = np.any(gain > SIGMAS * error, axis=2)
    found: NDArray[np.bool_] = np.logical_and(beyond, np.all(gain >= 0, axis=2))
    return found
