"""The configuration of a run: preset, then file, then `--set`, checked strictly."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from search_spaces.errors import GraphError, nearest
from search_spaces.space import get_space
from search_spaces.zoo import zoo_graph
from workers.screening import ScreeningConfig
from workers.settings import EvaluationConfig, SettingsError, build, from_dict

PRESETS = ("quick",)


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the key, what is allowed, and the
    nearest known name.
    """


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class EvolutionConfig(_Section):
    """Regularized evolution. `lag`, `window` and every count are in candidates."""

    lag: int = Field(16, ge=1)  # candidate k is bred from the history up to exactly k - lag
    window: int = Field(64, ge=1)  # the latest scored candidates, of whom parents are drawn
    tournament_share: float = Field(0.05, gt=0, le=1)
    tournament_least: int = Field(4, ge=1)
    winner: Literal["pareto", "average"] = "pareto"
    fresh_probability: float = Field(0.5, ge=0, le=1)
    mutations: int = Field(2, ge=1)
    max_attempts: int = Field(1000, ge=1)  # for one candidate

    @model_validator(mode="after")
    def _lag_fits(self) -> EvolutionConfig:
        if 2 * self.lag > self.window:
            raise ValueError(
                f"lag {self.lag} is above half the window of {self.window}, so parents would be "
                "stale; lower evolution.lag or raise evolution.window"
            )
        return self


class RunConfig(_Section):
    """All that a run's history depends on, and how long it may go on."""

    space: str = "evonorm-b"
    seed: int = Field(0, ge=0)
    budget: int = Field(1000, ge=1)  # candidates
    max_minutes: float | None = Field(None, gt=0)  # for one start of the command
    time_limit: float | None = Field(
        None, gt=0
    )  # seconds an evaluation may take; None: from the baselines
    baselines: tuple[str, ...] = ()
    evolution: EvolutionConfig = EvolutionConfig()
    screening: ScreeningConfig = ScreeningConfig()
    evaluation: EvaluationConfig

    @field_validator("space")
    @classmethod
    def _space_exists(cls, name: str) -> str:
        return get_space(name).name

    @field_validator("baselines")
    @classmethod
    def _baselines_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            zoo_graph(name)
        return names

    @field_validator("evaluation", mode="before")
    @classmethod
    def _evaluation(cls, values: Any) -> Any:
        return from_dict(values) if isinstance(values, Mapping) else values

    @field_validator("screening", mode="before")
    @classmethod
    def _screening(cls, values: Any) -> Any:
        return (
            build(ScreeningConfig, values, "screening.") if isinstance(values, Mapping) else values
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they are stored with the run; `config_from_dict` reads them back."""
        document: dict[str, Any] = self.model_dump(exclude={"evaluation", "screening"}, mode="json")
        document["screening"] = _plain(asdict(self.screening))
        document["evaluation"] = _plain(asdict(self.evaluation))
        return document


def load_config(
    preset: str | None = "quick", file: Path | None = None, overrides: Sequence[str] = ()
) -> RunConfig:
    """Preset, with the run file on top, with `key.path=value` on top. Raises ConfigError."""
    document = preset_document(preset) if preset else {}
    if file is not None:
        document = _merged(document, _read_toml(file))
    for override in overrides:
        _override(document, override)
    return config_from_dict(document)


def with_overrides(stored: Mapping[str, Any], overrides: Sequence[str]) -> RunConfig:
    """The stored configuration of a run with `key.path=value` on top. Raises ConfigError."""
    document = copy.deepcopy(dict(stored))
    for override in overrides:
        _override(document, override)
    return config_from_dict(document)


def preset_document(name: str) -> dict[str, Any]:
    """The values of a preset. Raises ConfigError that names the nearest known one."""
    if name not in PRESETS:
        raise ConfigError(
            f"unknown preset {name!r}{nearest(name, PRESETS)}; allowed: {', '.join(PRESETS)}"
        )
    text = resources.files("evonas.presets").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def config_from_dict(document: Mapping[str, Any]) -> RunConfig:
    """Check plain values. Raises ConfigError for the first thing that is wrong."""
    try:
        return RunConfig.model_validate(document)
    except (SettingsError, GraphError) as error:
        raise ConfigError(str(error)) from None
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def config_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`key.path: old -> new` for every value that differs between two stored configurations."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        f"{key}: {before.get(key, 'not set')} -> {after.get(key, 'not set')}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section = _section_of(first["loc"][:-1])
        known = tuple(section) or tuple(RunConfig.model_fields)
        hint = nearest(str(first["loc"][-1]), known)
        return f"unknown key {path!r}{hint}; allowed: {', '.join(known)}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{path}: {message}" if path else message


def _section_of(path: tuple[int | str, ...]) -> list[str]:
    fields: Any = RunConfig
    for part in path:
        fields = fields.model_fields[part].annotation
    if hasattr(fields, "model_fields"):
        return list(fields.model_fields)
    return list(fields.__dataclass_fields__)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the run file {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the run file {file} is not valid TOML: {error}") from None


def _merged(below: Any, above: Any) -> Any:
    """Tables of one `kind` merge key by key; anything else is replaced."""
    if isinstance(below, dict) and isinstance(above, dict) and _same_kind(below, above):
        return {
            key: _merged(below.get(key), above.get(key, below.get(key)))
            for key in {**below, **above}
        }
    return above


def _same_kind(below: dict[str, Any], above: dict[str, Any]) -> bool:
    return "kind" not in above or above["kind"] == below.get("kind")


def _override(document: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set takes key.path=value, given {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    *sections, key = path.strip().split(".")
    place: Any = document
    for section in sections:
        if isinstance(place, list):
            place = _named(place, section, path)
        else:
            place = place.setdefault(section, {})
        if not isinstance(place, dict | list):
            raise ConfigError(f"--set {path}: {section!r} is a value, not a section")
    if isinstance(place, list):
        raise ConfigError(f"--set {path}: name one of the entries and a key of it")
    place[key] = value


def _named(entries: list[Any], name: str, path: str) -> Any:
    """The entry of a list of tables that has this name, such as an anchor."""
    by_name = {
        str(entry["name"]): entry
        for entry in entries
        if isinstance(entry, dict) and "name" in entry
    }
    if name not in by_name:
        raise ConfigError(
            f"--set {path}: no entry {name!r}{nearest(name, by_name)}; "
            f"allowed: {', '.join(by_name)}"
        )
    return by_name[name]


def _flat(document: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(document, Mapping):
        pairs = [(str(key), value) for key, value in document.items()]
    elif isinstance(document, list | tuple) and any(isinstance(v, Mapping) for v in document):
        pairs = [
            (str(v.get("name", i)) if isinstance(v, Mapping) else str(i), v)
            for i, v in enumerate(document)
        ]
    else:
        return [(path, list(document) if isinstance(document, tuple) else document)]
    return [pair for key, value in pairs for pair in _flat(value, f"{path}.{key}" if path else key)]


def _plain(value: Any) -> Any:
    """Tuples as lists, so that a stored configuration equals itself after JSON."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
