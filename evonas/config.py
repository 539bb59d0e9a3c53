"""The configuration of a run: preset, then file, then `--set`, checked strictly."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from evonas.config_document import laid_over, override, plain, read_run_file
from evonas.config_errors import ConfigError, explain, given
from evonas.config_sections import AuditConfig, EvolutionConfig, Section
from search_spaces.embedding import check_member
from search_spaces.errors import GraphError, nearest
from search_spaces.own_reference import read_reference
from search_spaces.requirements import check_ceilings, check_requirements
from search_spaces.space import SPACES, SearchSpace, get_space
from search_spaces.space_file import read_space, space_of
from search_spaces.zoo import zoo_graph, zoo_name
from workers.anchors import anchor_of
from workers.evaluation import unfit
from workers.screening import ScreeningConfig
from workers.settings import EvaluationConfig, build, from_dict

PRESETS = ("quick", "small", "paper")


_LARGEST = 10**18  # what the database holds as a whole number


class RunConfig(Section):
    """All that a run's history depends on, and how long it may go on."""

    space: SearchSpace = SPACES["evonorm-b"]
    require: tuple[str, ...] = Field((), strict=False)  # beyond what the space requires
    seed: int = Field(0, ge=0, le=_LARGEST)
    budget: int = Field(1000, ge=1, le=_LARGEST)  # candidates
    max_minutes: float | None = Field(None, gt=0)  # for one start of the command
    time_limit: float | None = Field(
        None, gt=0
    )  # seconds an evaluation may take; None: from the baselines
    baselines: tuple[str, ...] = Field((), strict=False)
    warm_start: tuple[str, ...] = Field((), strict=False)  # zoo layers, the first candidates
    # Functions of the user's own: module:name, with @pin once resolved.
    primitives: tuple[str, ...] = Field((), strict=False)
    evolution: EvolutionConfig = EvolutionConfig()
    audit: AuditConfig = AuditConfig()
    screening: ScreeningConfig = ScreeningConfig()
    evaluation: EvaluationConfig

    @field_validator("space", mode="before")
    @classmethod
    def _space(cls, value: Any) -> SearchSpace:
        if isinstance(value, SearchSpace):
            return value
        if isinstance(value, Mapping):
            return space_of(value)
        if isinstance(value, str):
            return get_space(value)
        names = ", ".join(SPACES)
        raise ValueError(f"{given(value)}; give one of {names}, a TOML file, or a table")

    @field_validator("primitives")
    @classmethod
    def _primitives_are_named(cls, references: tuple[str, ...]) -> tuple[str, ...]:
        names = [read_reference(text).name for text in references]  # nothing is imported here
        for name in names:
            if names.count(name) > 1:
                raise GraphError(f"primitives: two functions with the name {name!r}; rename one")
        return references

    @field_validator("baselines")
    @classmethod
    def _baselines_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            zoo_graph(name)
        return names

    @field_validator("warm_start")
    @classmethod
    def _warm_start_is_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = tuple(zoo_name(name) for name in names)
        for name in known:
            if known.count(name) > 1:
                raise ValueError(f"{name} is there twice; leave one out")
        return known

    @field_validator("evaluation", mode="before")
    @classmethod
    def _evaluation(cls, values: Any) -> EvaluationConfig:
        return values if isinstance(values, EvaluationConfig) else from_dict(values, "evaluation.")

    @field_validator("screening", mode="before")
    @classmethod
    def _screening(cls, values: Any) -> Any:
        if isinstance(values, ScreeningConfig):
            return values
        return build(ScreeningConfig, values, "screening.")

    @model_validator(mode="after")
    def _requirements_can_be_met(self) -> RunConfig:
        check_requirements(self.require)
        implied = ("activates",) if self.screening.reject_affine else ()
        check_ceilings((*self.search_space.requirements, *implied))
        return self

    @model_validator(mode="after")
    def _baselines_fit(self) -> RunConfig:
        for name in self.baselines:
            if (missed := unfit(zoo_graph(name), self.evaluation)) is not None:
                anchors = [
                    anchor.name
                    for anchor in self.evaluation.anchors
                    if missed in anchor_of(anchor.name).requires
                ]
                raise ValueError(
                    f"the baseline {name} is not {missed}, as {', '.join(anchors)} needs; leave out"
                    " the baseline or the anchor"
                )
        return self

    @model_validator(mode="after")
    def _warm_start_fits(self) -> RunConfig:
        for name in self.warm_start:
            check_member(f"the warm start {name}", zoo_graph(name), self.search_space)
        return self

    @property
    def search_space(self) -> SearchSpace:
        """The space with what the run and its anchors require on top."""
        return self.space.requiring((*self.require, *self.evaluation.requirements))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they are stored with the run; `config_from_dict` reads them back.

        A space of the user's own is there in full, so that nothing depends on its file.
        """
        sections = {"space", "screening", "evaluation"}
        known = SPACES.get(self.space.name) == self.space
        return {
            "space": self.space.name if known else plain(asdict(self.space)),
            **self.model_dump(exclude=sections, mode="json"),
            "screening": plain(asdict(self.screening)),
            "evaluation": plain(asdict(self.evaluation)),
        }


def load_config(
    preset: str | None = "quick", file: Path | None = None, overrides: Sequence[str] = ()
) -> RunConfig:
    """Preset, with the run file on top, with `key.path=value` on top. Raises ConfigError.

    A space's file is found beside the run file that names it, else in the working directory.
    """
    document = preset_document(preset) if preset else {}
    if file is not None:
        document = laid_over(document, _with_space(read_run_file(file), file.parent))
    below = copy.deepcopy(document)
    try:
        return with_overrides(document, overrides)
    except ConfigError as error:
        if file is not None and _fault_of(below) == str(error):
            raise ConfigError(f"{file}: {error}") from None
        raise


def with_overrides(stored: Mapping[str, Any], overrides: Sequence[str]) -> RunConfig:
    """The stored configuration of a run with `key.path=value` on top. Raises ConfigError."""
    document = copy.deepcopy(dict(stored))
    for setting in overrides:
        override(document, setting)
    return config_from_dict(_with_space(document, Path()))


def preset_document(name: str) -> dict[str, Any]:
    """The values of a preset. Raises ConfigError that names the nearest known one."""
    if name not in PRESETS:
        raise ConfigError(
            f"unknown preset {name!r}{nearest(name, PRESETS)}; allowed: {', '.join(PRESETS)}"
        )
    text = resources.files("evonas.presets").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def config_from_dict(document: Mapping[str, Any]) -> RunConfig:
    """Check plain values. Raises ConfigError that says all that is wrong."""
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(explain(error, RunConfig)) from None


def _fault_of(document: Mapping[str, Any]) -> str | None:
    try:
        config_from_dict(document)
    except ConfigError as error:
        return str(error)
    return None


def _with_space(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The document with the space of a TOML file in the place of its path. Raises ConfigError."""
    named = document.get("space")
    if not (isinstance(named, str) and named.endswith(".toml")):
        return dict(document)
    try:
        return {**document, "space": plain(asdict(read_space(folder / named)))}
    except GraphError as error:
        raise ConfigError(f"space: {error}") from None
