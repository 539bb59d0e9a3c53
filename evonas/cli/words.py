"""Numbers and verdicts as people read them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.text import Text

VERDICT_STYLES = {
    "scored": "green",
    "unstable": "red",
    "low_quality": "yellow",
    "diverged": "red",
    "duplicate": "dim",
    "timeout": "magenta",
    "out_of_memory": "magenta",
    "crash": "magenta",
    "exhausted": "magenta",
}


def verdict_word(verdict: str) -> str:
    """A verdict in words: `low_quality` is "low quality"."""
    return verdict.lower().replace("_", " ")


def verdict_text(verdict: str) -> Text:
    """A verdict in words and colour."""
    return Text(verdict_word(verdict), style=VERDICT_STYLES.get(verdict.lower(), ""))


def formula(text: str) -> Text:
    """A text form on one line; every command reads it back."""
    return Text(text.replace("\n", "; "), style="cyan")


def counts(of: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counts that are not 0, largest first; verdicts of candidates in the order of the funnel."""
    order = list(VERDICT_STYLES)
    present = [(name, n) for name, n in of.items() if n]
    if all(name.lower() in VERDICT_STYLES for name, _ in present):
        return sorted(present, key=lambda pair: order.index(pair[0].lower()))
    return sorted(present, key=lambda pair: -pair[1])


def percent(part: int, whole: int) -> str:
    """A rounded share, such as 7 %."""
    value = 100 * part / whole if whole else 0.0
    return "<1 %" if 0 < value < 0.5 else f"{value:.0f} %"


def share(part: int, whole: int) -> str:
    """A share with a decimal where whole numbers would hide it, such as 99.8 %."""
    value = 100 * part / whole if whole else 0.0
    return f"{value:.1f} %" if value > 95 or value < 5 else f"{value:.0f} %"


def duration(seconds: float) -> str:
    """Such as 0:42, 12:05 or 3:07:09."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(timestamp: float) -> str:
    """A time in this machine's zone, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))
