"""Errors of the layer language, and the hint that names the nearest known word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class GraphError(ValueError):
    """A graph, text form or search space that is not valid; the message says what would be."""


class UnknownPrimitiveError(GraphError):
    """A graph uses a primitive that is not known in this process."""


class PrimitiveError(GraphError):
    """A function that cannot be a primitive; the message says which check it failed."""


class TextError(GraphError):
    """A text form that cannot be read; `line`, and `column` within it, count from 0."""

    def __init__(self, message: str, text: str, line: int, column: int) -> None:
        self.line = line
        self.column = column
        shown = text.split("\n")[line] if text else ""
        start = max(0, column - 60)
        excerpt = shown[start : start + 100].encode("ascii", "replace").decode()
        where = f"line {line + 1}, column {column + 1}" if "\n" in text else f"column {column + 1}"
        super().__init__(f"{message} ({where})\n  {excerpt}\n  {' ' * (column - start)}^")


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'y'?)` for the known word most like `word`, or nothing if none is like it."""
    close = difflib.get_close_matches(word[:60], list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def counted(count: int, noun: str) -> str:
    """`1 input`, `2 inputs`, `1,000 inputs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def own_hint(name: str) -> str:
    """How to make a name known that may be a function of the user's own."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{1,39}", name, re.ASCII):
        return ""
    return f"; a function of your own is named with --primitive MODULE:{name}"
