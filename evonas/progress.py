"""What a running search tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["starting", "baselines", "search", "audit", "draining", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a search. Verdicts, attempts and refused attempts are counted over the run.

    `starting`: nothing is asked for yet but what the workers compute on.

    `baselines`: how many are measured, in the phase of that name.

    `best`: highest score on each anchor; `best_text`: the layer with the best mean; `elapsed`,
    `time_left`: seconds of this start of the command; `rate`: candidates committed a second since
    it started.
    """

    phase: Phase
    run: str
    committed: int
    budget: int
    baselines: int
    verdicts: dict[str, int]
    refused: dict[str, int]
    attempts: int
    best: dict[str, float]
    best_text: str
    hypervolume: float
    busy: int
    workers: int
    elapsed: float
    rate: float
    time_left: float | None
    repeated: int = 0  # further evaluations of candidates, paid from the budget too
