"""The full names of the settings of a run, as `--set` takes them."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from search_spaces.space import SearchSpace

ENTRY = "NAME"  # stands for that of an entry of a list, such as an anchor


def setting_names(section: Any, path: str = "") -> Iterator[str]:
    """Every setting and section below a section: `evolution.lag`, `evaluation.anchors.NAME.steps`.

    Of a section of several kinds, such as data, it has the settings of all kinds.
    """
    for name, kind in _settings(section).items():
        yield f"{path}{name}"
        for below, place in _sections(kind, f"{path}{name}."):
            yield from setting_names(below, place)


def _settings(section: Any) -> Mapping[str, Any]:
    if issubclass(section, BaseModel):
        return {name: field.annotation for name, field in section.model_fields.items()}
    return get_type_hints(section)


def _sections(kind: Any, path: str) -> Iterator[tuple[type[Any], str]]:
    """The sections that a value of this kind may be, each with the path of its settings."""
    if get_origin(kind) in (Union, types.UnionType):
        for one in get_args(kind):
            yield from _sections(one, path)
    elif get_origin(kind) is tuple:
        yield from _sections(get_args(kind)[0], f"{path}{ENTRY}.")
    elif kind is SearchSpace:  # given as a whole
        return
    elif isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel)):
        yield kind, path
