"""Statements of generated code on lines that are short enough, as ruff would format them."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The longest line of a module, in characters.
MAX_LINE = 100
_WORD = re.compile(r"\w+")


def words_of(lines: Iterable[str]) -> set[str]:
    """The names and numbers in lines of code."""
    return {word for line in lines for word in _WORD.findall(line)}


def wrap(line: str, indent: int) -> tuple[str, ...]:
    """A statement on one line, or on several if it is too long at that indentation."""
    if len(line) + indent <= MAX_LINE:
        return (line,)
    margin = " " * (len(line) - len(line.lstrip()))
    code = line[len(margin) :]
    left, equals, right = code.partition(" = ")
    if code.startswith("return ") and len(parts := top_level(code[7:])) > 1:
        return (f"{margin}return (", *(f"{margin}    {part}," for part in parts), f"{margin})")
    if equals and (right.isidentifier() or right == "ctx.saved_tensors"):
        if len(margin) + indent + len(left) + 5 <= MAX_LINE:
            return (f"{margin}{left} = (", f"{margin}    {right}", f"{margin})")
        parts = top_level(left)
        return (f"{margin}(", *(f"{margin}    {part}," for part in parts), f"{margin}) = {right}")
    if not line.endswith(")"):
        return (line,)
    depth, at = 1, len(line) - 1
    while depth:
        at -= 1
        depth += {")": 1, "(": -1}.get(line[at], 0)
    inside = line[at + 1 : -1]
    if len(margin) + 4 + len(inside) + indent <= MAX_LINE or len(parts := top_level(inside)) == 1:
        return line[: at + 1], f"{margin}    {inside}", f"{margin})"
    return (line[: at + 1], *(f"{margin}    {part}," for part in parts), f"{margin})")


def top_level(text: str) -> list[str]:
    """The parts of a list that commas outside all brackets separate."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(f"{text},"):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in parts if part]
