"""The sections of a run's configuration."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evonas.objectives import SCORES, check_objectives
from search_spaces.mutation import PAPER_MUTATION, MutationWeights
from workers.settings import build


class Section(BaseModel):
    """Strict: no unknown keys, no value of another type; a whole number may stand for any."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )


class AuditConfig(Section):
    """What is thrown out and trained to the end all the same, to see whether that was right."""

    share: float = Field(0.0, ge=0, le=1)  # of the layers that a check throws out, 0: none


class EvolutionConfig(Section):
    """Regularized evolution. `lag`, `window` and every count are in candidates."""

    lag: int = Field(16, ge=1)  # candidate k is bred from the history up to exactly k - lag
    window: int = Field(64, ge=1)  # the latest scored candidates, of whom parents are drawn
    # Populations that breed apart, each with its own window: slot s is of island s mod islands.
    islands: int = Field(1, ge=1)
    # arrival: a slow evaluation holds nobody up, but another run from the same seed will differ.
    commit_order: Literal["slot", "arrival"] = "slot"
    tournament_share: float = Field(0.05, gt=0, le=1)
    tournament_least: int = Field(4, ge=1)
    strategy: Literal["evolution", "random"] = "evolution"  # random: no candidate has parents
    winner: Literal["pareto", "average", "crowding"] = "pareto"
    objectives: tuple[str, ...] = Field((SCORES,), strict=False)
    # Evaluations of a layer on the window's front. More make fronts truer, but in simulations
    # (tests/benchmarks/front_noise.py) the search found nothing better, so none is the default.
    seeds: int = Field(1, ge=1)
    seeds_share: float = Field(0.1, gt=0, lt=1)  # of the slots that may go to a further seed
    fresh_probability: float = Field(0.5, ge=0, le=1)
    mutations: int = Field(2, ge=1)
    mutation: MutationWeights = PAPER_MUTATION  # how often each kind is drawn
    max_attempts: int = Field(1000, ge=1)  # for one candidate
    # A small parent may have no mutant left that is new and sound: after so many attempts another
    # one gets its turn. None: the first one has them all.
    attempts_per_parent: int | None = Field(None, ge=1)

    @field_validator("mutation", mode="before")
    @classmethod
    def _mutation(cls, values: Any) -> Any:
        if isinstance(values, MutationWeights):
            return values
        return build(MutationWeights, values, "evolution.mutation.")

    @field_validator("objectives")
    @classmethod
    def _objectives_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        check_objectives(names)
        return names

    @property
    def costs(self) -> tuple[str, ...]:
        """The objectives beside the scores, less of each is better."""
        return tuple(name for name in self.objectives if name != SCORES)

    @model_validator(mode="after")
    def _average_has_one_unit(self) -> EvolutionConfig:
        if self.winner == "average" and self.costs:
            raise ValueError(
                f"winner 'average' means accuracies, and cannot weigh {', '.join(self.costs)} "
                "against them; give evolution.winner = 'pareto' or 'crowding'"
            )
        return self

    @model_validator(mode="after")
    def _lag_fits(self) -> EvolutionConfig:
        if self.commit_order == "slot" and 2 * self.lag > self.window:
            raise ValueError(
                f"lag {self.lag} is above half the window of {self.window}, so parents would be "
                "stale; lower evolution.lag or raise evolution.window, or give "
                "evolution.commit_order = 'arrival', with which a run cannot be repeated from its "
                "seed"
            )
        return self
