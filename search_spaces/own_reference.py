"""Names of functions of the user's own, `module:name`, with the hash that says which one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from search_spaces.errors import PrimitiveError

_REFERENCE = re.compile(
    r"([A-Za-z_]\w{0,99}(?:\.[A-Za-z_]\w{0,99}){0,9})[:.]([A-Za-z_]\w{0,99})(?:@([0-9a-f]{32}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A function by module and name; `pin` says which one, "" whichever is there."""

    module: str
    name: str
    pin: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def read_reference(text: str) -> Reference:
    """Reads `module:name` or `module.name`, with or without `@pin`. Raises PrimitiveError."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise PrimitiveError(
            f"a primitive of your own is named as MODULE:FUNCTION, such as my_ops:mish; "
            f"given {text!r:.120}"
        )
    return Reference(match[1], match[2], match[3] or "")


def as_options(references: Iterable[str]) -> str:
    """What a command needs to know these functions: ` --primitive module:name` for each."""
    return "".join(f" --primitive {read_reference(text)}" for text in references)
