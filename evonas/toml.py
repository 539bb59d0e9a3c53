"""Writing a configuration as TOML, so that what `--print-config` shows is a run file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def to_toml(document: Mapping[str, Any]) -> str:
    """The document in TOML; a key whose value is None is a comment, as TOML has no such value."""
    return "\n".join(_lines(document, "")).strip() + "\n"


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """Plain values first: after a [header] every value belongs to that table."""
    for key, value in table.items():
        if value is None:
            yield f"# {key} is not set"
        elif not _is_table(value) and not _is_tables(value):
            yield f"{key} = {value_text(value)}"
    for key, value in table.items():
        here = f"{path}.{key}" if path else key
        if _is_table(value):
            yield from ("", f"[{here}]", *_lines(value, here))
        elif _is_tables(value):
            for entry in value:
                yield from ("", f"[[{here}]]", *_lines(entry, here))


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(v, Mapping) for v in value)
    )


def value_text(value: Any) -> str:
    """A plain value, no table, as TOML writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(v) for v in value)}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
