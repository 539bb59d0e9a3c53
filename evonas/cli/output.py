"""What goes to standard output (tables, JSON, CSV) and to standard error (messages)."""

from __future__ import annotations

import csv
import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evonas.cli.options import Format

WIDTH_OF_FILES = 200  # columns, when standard output is not a terminal
_GAP = 2  # columns of the terminal after each of a table, the last one has half of it
_FOLDED = 16  # the least width of a column whose text may take several lines
# A line under the head and between sections, nothing else.
_BOX = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a listing; `key` names it in rows, JSON and CSV.

    digits: decimals in a table; fold: long text may take several lines; table: False if only
    JSON and CSV have it.
    """

    key: str
    title: str | None = None
    justify: Literal["left", "right"] = "left"
    digits: int | None = None
    style: str = ""
    fold: bool = False
    table: bool = True


def number(
    key: str,
    title: str | None = None,
    digits: int | None = None,
    style: str = "",
    table: bool = True,
) -> Column:
    """A column of numbers."""
    return Column(key, title, "right", digits, style, table=table)


def stdout() -> Console:
    """For results; wide where lines are read by a program, not a person."""
    return _console(sys.stdout)


def stderr() -> Console:
    """For messages, progress and errors."""
    return _console(sys.stderr, stderr=True)


def _console(stream: Any, *, stderr: bool = False) -> Console:
    piped = not stream.isatty()
    width = WIDTH_OF_FILES if piped and not os.environ.get("COLUMNS") else None
    file: Any = _Trimmed(stream) if piped else None  # None: whatever sys has when it prints
    return Console(file=file, stderr=stderr, width=width, highlight=False, soft_wrap=False)


class _Trimmed:
    """A stream on which no line that is written whole ends in spaces; columns are padded to a width
    that is nothing to a file.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As of any stream."""
        *lines, rest = text.split("\n")
        self._stream.write("".join(f"{line.rstrip(' ')}\n" for line in lines) + rest)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def emit(
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    format: Format,
    *,
    title: str | None = None,
    empty: str = "nothing",
) -> None:
    """Write rows to standard output; a dict in a row gives CSV a column for each key."""
    rows = list(rows)
    match format:
        case Format.JSON:
            json.dump(rows, sys.stdout, indent=2, default=str)
            sys.stdout.write("\n")
        case Format.CSV:
            _write_csv(columns, rows)
        case Format.TABLE if rows:
            print_table(columns, rows, title)
        case Format.TABLE:
            stderr().print(Text(empty))


def print_table(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], title: str | None = None
) -> None:
    """Write the rows as a table, wider than the terminal if need be: nothing is cut off.

    `style` in a row is that of its line, `section` ends a group.
    """
    columns = [column for column in columns if column.table]
    cells = [[cell(row.get(column.key), column.digits) for column in columns] for row in rows]
    drawn, least = _columns_of(columns, cells, title)
    for row, texts in zip(rows, cells, strict=True):
        drawn.add_row(*texts, style=row.get("style"), end_section=bool(row.get("section")))
    console = stdout()
    console.width = max(console.width, least)
    console.print(drawn)


def _columns_of(
    columns: Sequence[Column], cells: Sequence[Sequence[Text]], title: str | None
) -> tuple[Table, int]:
    """A table without rows, and the least width that it needs: only long text may take several
    lines.
    """
    drawn = Table(
        box=_BOX,
        padding=(0, 1, 0, 0),
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    least = _GAP * len(columns) - 1
    for i, column in enumerate(columns):
        head = Text(column.key if column.title is None else column.title)
        longest = max([head.cell_len, *(row[i].cell_len for row in cells)])
        width = min(longest, _FOLDED) if column.fold else longest
        least += width
        drawn.add_column(
            head,
            justify=column.justify,
            style=column.style,
            overflow="fold",
            no_wrap=not column.fold,
            min_width=width,
        )
    return drawn, least


def cell(value: Any, digits: int | None = None) -> Text:
    """A value as people read it; markup is never interpreted."""
    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text("-", style="dim")
    if isinstance(value, float):
        return Text(f"{value:.{3 if digits is None else digits}f}")
    return Text(
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )


def _write_csv(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    keys = [column.key for column in columns]
    writer = csv.DictWriter(sys.stdout, keys, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        flat: dict[str, Any] = {}
        for key, value in row.items():
            flat.update(value if isinstance(value, dict) else {key: value})
        writer.writerow(flat)


class LogToStandardError(logging.Handler):
    """Writes to whatever sys.stderr is now, so that a live display can keep its place below."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line: level and message."""
        try:
            sys.stderr.write(f"{record.levelname.lower()}: {record.getMessage()}\n")
        except Exception:
            self.handleError(record)
