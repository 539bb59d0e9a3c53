"""Configurations as plain values: read from TOML, laid over each other, changed, compared."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evonas.config_errors import ConfigError, given
from search_spaces.errors import nearest


def read_run_file(file: Path) -> dict[str, Any]:
    """The values of a run file. Raises ConfigError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the run file {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # of TOML, of numbers of 5,000 digits
        raise ConfigError(f"the run file {file} is not valid TOML: {str(error)[:200]}") from None


def merged(below: Any, above: Any) -> Any:
    """Tables of one `kind` merge key by key; anything else is replaced."""
    if isinstance(below, dict) and isinstance(above, dict) and _same_kind(below, above):
        return {
            key: merged(below.get(key), above.get(key, below.get(key)))
            for key in {**below, **above}
        }
    return above


def _same_kind(below: dict[str, Any], above: dict[str, Any]) -> bool:
    return "kind" not in above or above["kind"] == below.get("kind")


def laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A run file over a preset; what it says of the data holds for anchors' own data too."""
    below = copy.deepcopy(below)
    section = above.get("evaluation")
    if isinstance(section, dict) and "data" in section:
        for anchor in _with_data_like_all(below):
            anchor["data"] = merged(anchor["data"], section["data"])
    document: dict[str, Any] = merged(below, above)
    return document


def override(document: dict[str, Any], setting: str) -> None:
    """Set what `key.path=value` says, as `laid_over` does. Raises ConfigError."""
    path = setting.partition("=")[0].strip()
    of_all = path == "evaluation.data" or path.startswith("evaluation.data.")
    anchors = _with_data_like_all(document) if of_all else []
    _set(document, setting)
    for anchor in anchors:
        _set(anchor, setting.strip().removeprefix("evaluation."))


def _with_data_like_all(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The anchors with data of their own, of the kind that `evaluation.data` has."""
    evaluation = document.get("evaluation")
    if not isinstance(evaluation, dict) or not isinstance(evaluation.get("anchors"), list):
        return []
    data = evaluation.get("data")
    kind = data.get("kind") if isinstance(data, dict) else None
    owners = [a for a in evaluation["anchors"] if isinstance(a, dict)]
    return [a for a in owners if isinstance(a.get("data"), dict) and a["data"].get("kind") == kind]


def _set(document: dict[str, Any], setting: str) -> None:
    path, equals, text = setting.partition("=")
    path = path.strip()
    if not equals or not path:
        raise ConfigError(f"a setting is written key.path=value, given {setting!r:.80}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text  # a bare word is a string
    *sections, key = path.split(".")
    place: Any = document
    for section in sections:
        if isinstance(place, list):
            place = _named(place, section, path)
        else:
            place = place.setdefault(section, {})
        if not isinstance(place, dict | list):
            raise ConfigError(
                f"--set {path:.80}: {section!r} is {given(place)}, a value and not a section"
            )
    if isinstance(place, list):
        raise ConfigError(f"--set {path:.80}: name one of the entries and a key of it")
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
            f"--set {path:.80}: no entry {name!r}{nearest(name, by_name)}; "
            f"allowed: {', '.join(by_name)}"
        )
    return by_name[name]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`key.path: old -> new` for every value that differs between two documents."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        f"{key}: {before.get(key, 'not set')} -> {after.get(key, 'not set')}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


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


def plain(value: Any) -> Any:
    """Tuples as lists, so that a stored configuration equals itself after JSON."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
