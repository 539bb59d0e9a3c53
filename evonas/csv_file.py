"""Rows of plain values as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_csv(file: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write the rows, which have the same keys; nothing but an empty file for no rows."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
