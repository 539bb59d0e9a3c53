"""What of a configuration goes into an evaluation key."""

from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any

_LATER = {"later": True}


def later(default: Any) -> Any:
    """A dataclass field that came after results were stored under keys without it.

    At its default it stays out of a key, so that what is stored keeps being found. Its default must
    mean what was done before the field was there, and never change.
    """
    return field(default=default, metadata=_LATER)


def key_values(config: Any) -> Any:
    """As dataclasses.asdict, without the later fields that are at their defaults."""
    if isinstance(config, tuple | list):
        return [key_values(value) for value in config]
    if not is_dataclass(config) or isinstance(config, type):
        return config
    values: dict[str, Any] = {}
    for item in fields(config):
        value = getattr(config, item.name)
        if item.metadata == _LATER and item.default is not MISSING and value == item.default:
            continue
        values[item.name] = key_values(value)
    return values
