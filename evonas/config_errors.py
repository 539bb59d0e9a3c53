"""The error of a configuration, and what it says: the key, what was given, what is allowed."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from evonas.setting_names import ENTRY, setting_names
from search_spaces.errors import nearest
from workers.settings import UnknownSettingError


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the key, what is allowed, and the
    nearest known name.
    """


def explain(error: ValidationError, config: type[BaseModel]) -> str:
    """What is wrong with a document, a line each.

    What concerns several settings is looked at when each of them is right alone.
    """
    found = (_explain(each, config) for each in error.errors(include_url=False))
    return "\n".join(dict.fromkeys(found))


def _explain(fault: ErrorDetails, config: type[BaseModel]) -> str:
    keys = [part for part in fault["loc"] if isinstance(part, str)]
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return _unknown_key(path, tuple(_section(config, keys[:-1]).model_fields), config)
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, UnknownSettingError) and _elsewhere(cause.path, config):
        return _unknown_key(cause.path, cause.allowed, config)
    if fault["type"] in ("value_error", "assertion_error"):
        message = fault["msg"].removeprefix("Value error, ")
        return message if path in message else f"{path}: {message}"
    if fault["type"] == "missing":
        return f"missing key {path!r}"
    field = _section(config, keys[:-1]).model_fields[keys[-1]]
    return f"{path}: {given(fault['input'])}; give {_allowed(field, fault['input'])}"


def given(value: Any) -> str:
    """A value as it is repeated in a message, of bounded length."""
    return f"{reprlib.repr(value):.80}"


def _unknown_key(path: str, known: Sequence[str], config: type[BaseModel]) -> str:
    hint = _elsewhere(path, config) or nearest(path.rpartition(".")[2], known)
    return f"unknown key {path!r:.80}{hint}; allowed: {', '.join(known)}"


def _elsewhere(path: str, config: type[BaseModel]) -> str:
    """The settings of other sections that are called as the last part of `path` is, as a question;
    "" if there is none, or if the path is right for another kind of its section.
    """
    names = tuple(dict.fromkeys(setting_names(config)))
    if re.sub(r"\[\d+\]", f".{ENTRY}", path) in names:
        return ""
    last = path.rpartition(".")[2]
    *some, final = [repr(name) for name in names if name.rpartition(".")[2] == last] or [""]
    alike = f"{', '.join(some)} or {final}" if some else final
    return f" (did you mean {alike}?)" if alike else ""


def _section(config: type[BaseModel], keys: list[str]) -> type[BaseModel]:
    for key in keys:
        annotation = config.model_fields[key].annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        config = annotation
    return config


# Annotation -> what may be given for it.
_KINDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    float | None: "a number",
    tuple[str, ...]: 'a list of texts, as in ["a", "b"]',
}
# Attribute of pydantic's bounds -> how it is said.
_BOUNDS: Mapping[str, str] = {
    "ge": "from {:g} up",
    "gt": "above {:g}",
    "le": "up to {:g}",
    "lt": "below {:g}",
}


def _allowed(field: FieldInfo, value: Any) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return f"one of {', '.join(words)}{nearest(str(value), words)}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a table with keys of {', '.join(kind.model_fields)}"
    bounds = [
        words.format(getattr(bound, name))
        for name, words in _BOUNDS.items()
        for bound in field.metadata
        if hasattr(bound, name)
    ]
    return " ".join([_KINDS[kind], " and ".join(bounds)]).strip()
