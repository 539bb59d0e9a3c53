"""The text form as tokens: names, numbers, symbols and line breaks, each with its column."""

from __future__ import annotations

import re
from dataclasses import dataclass

from search_spaces.errors import TextError

MAX_LENGTH = 100_000

_TOKEN = re.compile(
    r"[ \t\r]*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|([-+*/(),=\[\]\n;]))", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, end, or the symbol itself; line and column count from 0."""

    kind: str
    text: str
    line: int
    column: int


def tokens_of(text: str) -> list[Token]:
    """The tokens, closed by one of kind `end`; raises TextError at the first other character."""
    if len(text) > MAX_LENGTH:
        message = f"a text form has at most {MAX_LENGTH} characters, given {len(text)}"
        raise TextError(message, "", 0, 0)
    tokens: list[Token] = []
    at, line, line_start = 0, 0, 0
    end = len(text.rstrip(" \t\r\n;"))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip(" \t\r"))
            message = (
                f"unexpected character {text[at]!a}; "
                "allowed: names, numbers and + - * / ( ) [ ] , = ;"
            )
            raise TextError(message, text, line, at - line_start)
        number, name, symbol = match.groups()
        word = number or name or symbol
        kind = "number" if number else "name" if name else symbol
        tokens.append(Token(kind, word, line, match.end() - len(word) - line_start))
        at = match.end()
        if symbol == "\n":
            line, line_start = line + 1, at
    tokens.append(Token("end", "the end", line, end - line_start))
    return tokens
