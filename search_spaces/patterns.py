"""Laws as patterns: reading the notation of the table once, for matching."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.signs import Sign

_MARKS = {"+": Sign.POSITIVE, "~": Sign.FLAT}
_LETTERS = "abgy"


@dataclass(frozen=True, slots=True)
class Variable:
    """Any value with at least this sign; the same letter stands for the same value."""

    letter: str
    sign: Sign


@dataclass(frozen=True, slots=True)
class Application:
    """A primitive (a moment by its kind alone), or a constant if it has no inputs."""

    op: str
    inputs: tuple[Pattern, ...]


Pattern = Variable | Application


@dataclass(frozen=True, slots=True)
class Law:
    """`left` becomes `right`; `needs` are primitives that the inputs must be, or none matches."""

    left: Application
    right: Pattern
    needs: frozenset[str]


def read_law(left: str, right: str) -> Law:
    """A law in the notation of the table."""
    pattern = read_pattern(left)
    assert isinstance(pattern, Application)
    needs = frozenset(p.op for p in pattern.inputs if isinstance(p, Application))
    return Law(pattern, read_pattern(right), needs)


def read_pattern(text: str) -> Pattern:
    """`add(a, neg(b+))` as a pattern."""
    head, bracket, rest = text.partition("(")
    if not bracket:
        if head[0] in _LETTERS:
            return Variable(head[0], _MARKS.get(head[1:], Sign.UNKNOWN))
        return Application(head, ())
    parts, depth, start = [], 0, 0
    inside = rest[:-1]
    for i, character in enumerate(inside + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(read_pattern(inside[start:i].strip()))
            start = i + 1
    return Application(head, tuple(parts))
