"""A table as plain text, for results that are printed from Python."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = "  "
_LAST_WORDS = 2  # columns at the end that hold words


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines under a head: a name, numbers, which stand to the right, and two columns of words."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    numbers = range(1, len(head) - _LAST_WORDS)
    return "\n".join(
        _GAP.join(
            f"{cell:>{width}}" if i in numbers else f"{cell:<{width}}"
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
