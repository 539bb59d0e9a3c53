"""Arguments that several functions share, read as the command line reads its flags."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evonas.config import RunConfig, load_config
from evonas.toml import value_text
from results_db.address import DEFAULT_URL


def database_url(given: str | None) -> str:
    """The URL given, else that of EVONAS_DB, else evonas.db in the working directory."""
    return given or os.environ.get("EVONAS_DB") or DEFAULT_URL


def config_of(
    preset: str, file: str | Path | None, settings: Mapping[str, Any] | None
) -> RunConfig:
    """Settings over file over preset; names in `settings` may have dots. Raises ConfigError."""
    return load_config(preset, None if file is None else Path(file), overrides_of(settings))


def overrides_of(settings: Mapping[str, Any] | None) -> list[str]:
    """The settings as `--set` takes them, `key.path=value`."""
    return [f"{name}={value_text(value)}" for name, value in _flat(settings or {}, "")]


def _flat(settings: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
