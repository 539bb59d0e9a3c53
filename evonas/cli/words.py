"""Numbers and verdicts as people read them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.text import Text

from workers.verdict import Verdict, verdict_word

# In the order of the funnel.
VERDICT_STYLES: dict[str, str] = {
    Verdict.SCORED: "green",
    Verdict.UNSTABLE: "red",
    Verdict.LOW_QUALITY: "yellow",
    Verdict.DIVERGED: "red",
    Verdict.DUPLICATE: "dim",
    Verdict.EXHAUSTED: "dim",
    Verdict.TIMEOUT: "magenta",
    Verdict.OUT_OF_MEMORY: "magenta",
    Verdict.CRASH: "magenta",
}


def verdict_text(verdict: str) -> Text:
    """A verdict in words and colour."""
    return Text(verdict_word(verdict), style=VERDICT_STYLES.get(verdict, ""))


def formula(text: str) -> Text:
    """A text form on one line; every command reads it back."""
    return Text(text.replace("\n", "; "), style="cyan")


def verdict_counts(of: Mapping[str, int]) -> list[tuple[str, int]]:
    """The verdicts that occurred, in the order of the funnel."""
    order = {verdict: place for place, verdict in enumerate(VERDICT_STYLES)}
    return sorted(
        ((verdict, n) for verdict, n in of.items() if n),
        key=lambda pair: order.get(pair[0], len(order)),
    )


def counts(of: Mapping[str, int]) -> list[tuple[str, int]]:
    """What occurred, the most frequent first."""
    return sorted(((name, n) for name, n in of.items() if n), key=lambda pair: -pair[1])


def percent(part: int, whole: int) -> str:
    """A rounded share, such as 7%."""
    value = 100 * part / whole if whole else 0.0
    return "<1%" if 0 < value < 0.5 else f"{value:.0f}%"


def share(part: int, whole: int) -> str:
    """A share with a decimal where whole numbers would hide it, such as 99.8%."""
    value = 100 * part / whole if whole else 0.0
    return f"{value:.1f}%" if value > 95 or value < 5 else f"{value:.0f}%"


def duration(seconds: float) -> str:
    """Such as 0:42, 12:05 or 3:07:09."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(timestamp: float) -> str:
    """A time in this machine's zone, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))
