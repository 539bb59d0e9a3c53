"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def whole_number(least: int) -> Callable[[str | int], int]:
    """Reads an option that is a whole number from `least` up."""

    def read(given: str | int) -> int:
        text = str(given).strip()
        value = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) else least - 1
        if value < least:
            raise typer.BadParameter(f"{text!r:.40}; give a whole number from {least} up")
        return value

    return read


DEFAULT_DATABASE = "sqlite:///evonas.db"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")


class Format(StrEnum):
    """How a listing is written to standard output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Database = Annotated[
    str, typer.Option("--db", envvar="EVONAS_DB", metavar="URL", help="The results database.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the listing.")]
Run = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="Name of a run; the latest one if not given.")
]
LayerArgument = Annotated[
    str,
    typer.Argument(
        metavar="LAYER",
        help="A digest prefix, a text form such as 'max(x, 0)', a zoo name, or an exported file.",
    ),
]
Budget = Annotated[
    int | None,
    typer.Option(
        parser=whole_number(1), metavar="N", help="How many candidates to evaluate, in all."
    ),
]
MaxTime = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Stop after this long, such as 90s, 10m, 1h30m; resume goes on."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        parser=whole_number(0),
        metavar="W",
        help="Worker processes; one per CPU if not given, 0: none, all in this process.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDR", help="A running Ray cluster: auto or host:port; a local Ray if not given."
    ),
]

Preset = Annotated[
    str,
    typer.Option("--preset", metavar="NAME", help="Whose settings: quick, small or paper."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="RUN.toml", help="A run file, laid over the preset."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="a.b=c", help="A setting, over file and preset; may be repeated."
    ),
]
PrimitiveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--primitive",
        metavar="MODULE:NAME",
        help="A function of your own as a primitive; may be repeated. Its module is imported.",
    ),
]


def check_pool(workers: int | None, address: str | None) -> None:
    """Raises typer.BadParameter for options that exclude each other, before anything is written."""
    if workers == 0 and address is not None:
        raise typer.BadParameter(
            "--workers 0 runs in this process, without Ray; leave one of them out",
            param_hint="--address",
        )


def seconds(text: str) -> float:
    """A duration such as 90s, 10m or 1h30m in seconds; raises typer.BadParameter."""
    compact = text.strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(compact):
        raise typer.BadParameter(
            f"{text!r} is not a time; write 90s, 10m, 1h30m or 2d", param_hint="--max-time"
        )
    parts = re.findall(r"([\d.]+)([smhd])", compact)
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total <= 0:
        raise typer.BadParameter(
            f"{text!r} is no time at all; write 90s, 10m, 1h30m or 2d", param_hint="--max-time"
        )
    return total
