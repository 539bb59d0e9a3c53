"""The progress of a search on standard error: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from evonas.cli.words import (
    VERDICT_STYLES,
    counts,
    duration,
    formula,
    percent,
    share,
    verdict_counts,
)
from evonas.progress import Progress
from search_spaces.errors import counted
from workers.verdict import verdict_word

PLAIN_EVERY = 5.0  # seconds between plain lines
_PHASES = {
    "starting": "starting the workers",
    "baselines": "measuring the baselines",
    "search": "searching",
    "audit": "training what was thrown out",
    "draining": "finishing what runs, Ctrl-C again stops at once",
    "done": "done",
}


class Display(Protocol):
    """Shows progress while it is entered."""

    def report(self, progress: Progress) -> None:
        """Take in the latest progress."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def make_display(console: Console, draining: Callable[[], bool]) -> Display:
    """The display that suits the console; `draining` tells whether a stop was asked for."""
    return LiveDisplay(console, draining) if console.is_terminal else PlainDisplay(console)


class PlainDisplay:
    """A line every few seconds, when something has changed, and one for each change of phase."""

    def __init__(self, console: Console, every: float = PLAIN_EVERY) -> None:
        self._console = console
        self._every = every
        self._last: tuple[float, str, str] = (-1e9, "", "")

    def report(self, progress: Progress) -> None:
        """Print a line if it is time."""
        now, line = time.monotonic(), plain_line(progress)
        at, phase, shown = self._last
        if line == shown or (phase == progress.phase and now - at < self._every):
            return
        self._last = (now, progress.phase, line)
        self._console.print(Text(line), soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


def plain_line(p: Progress) -> str:
    """The progress on one line."""
    if p.phase == "baselines":
        return f"{_PHASES[p.phase]}: {p.baselines} done | {duration(p.elapsed)}"
    if p.phase == "starting":
        return f"{_PHASES[p.phase]} | {duration(p.elapsed)}"
    parts = [f"{p.phase} {p.committed}/{p.budget}"]
    if p.verdicts:
        parts.append(", ".join(f"{n} {verdict_word(v)}" for v, n in verdict_counts(p.verdicts)))
    if p.repeated:
        parts.append(f"{p.repeated} on further seeds")
    if p.attempts:
        parts.append(f"{counted(p.attempts, 'attempt')}, {sum(p.refused.values()):,} refused")
    if p.best:
        parts.append(
            "best " + " ".join(f"{anchor} {score:.3f}" for anchor, score in p.best.items())
        )
    parts.append(f"{p.rate:.2f}/s, {p.busy}/{p.workers} busy | {duration(p.elapsed)}")
    if p.time_left is not None and p.phase == "search":
        parts.append(f"{duration(p.time_left)} left")
    return " | ".join(parts)


class LiveDisplay:
    """Redraws a few lines in place, four times a second."""

    def __init__(self, console: Console, draining: Callable[[], bool]) -> None:
        self._progress: Progress | None = None
        self._at = time.monotonic()
        self._draining = draining
        self._live = Live(console=console, get_renderable=self.draw, refresh_per_second=4)

    def report(self, progress: Progress) -> None:
        """Keep it for the next redraw."""
        self._progress, self._at = progress, time.monotonic()

    def draw(self) -> RenderableType:
        """What the terminal shows now."""
        p = self._progress
        if p is None:
            return Text("starting ...", style="dim")
        since = 0.0 if p.phase == "done" else time.monotonic() - self._at
        return Group(self._bar(p, since), _facts(p), Text(""))

    def _bar(self, p: Progress, since: float) -> RenderableType:
        phase = "draining" if self._draining() and p.phase != "done" else p.phase
        words = "stopped" if p.phase == "done" and p.committed < p.budget else _PHASES[phase]
        if phase == "baselines":
            words += f": {p.baselines} done"
        head = Text.assemble(
            (p.run, "bold"), "  ", (words, "yellow" if phase == "draining" else "cyan")
        )
        clock = duration(p.elapsed + since)
        if p.time_left is not None and phase == "search":
            clock += f", {duration(max(0.0, p.time_left - since))} left"
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        bar = ProgressBar(total=max(1, p.budget), completed=p.committed)
        grid.add_row(Text(f"{p.committed:,} of {p.budget:,}"), bar, Text(clock))
        return Group(head, grid)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()


def _facts(p: Progress) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if p.attempts:
        refused = counts(p.refused)
        where = ", ".join(f"{name} {percent(n, p.attempts)}" for name, n in refused)
        line = f"{p.attempts:,}, {share(sum(p.refused.values()), p.attempts)} refused"
        grid.add_row("attempts", Text(f"{line}: {where}" if where else line))
    if p.verdicts:
        verdicts = [
            Text(f"{verdict_word(v)} {n:,}", style=VERDICT_STYLES.get(v, ""))
            for v, n in verdict_counts(p.verdicts)
        ]
        if p.repeated:
            verdicts.append(Text(f"further seeds {p.repeated:,}", "dim"))
        grid.add_row("verdicts", Text("   ").join(verdicts))
    if p.best:
        scores = "   ".join(f"{anchor} {score:.3f}" for anchor, score in p.best.items())
        grid.add_row(
            "best", Text.assemble((scores, "bold"), (f"   hypervolume {p.hypervolume:.3f}", "dim"))
        )
        grid.add_row("", formula(p.best_text))
    if p.phase not in ("starting", "baselines"):
        speed = f"{p.rate:.2f} candidates/s, {p.busy} of {counted(p.workers, 'worker')} busy"
        grid.add_row("speed", Text(speed))
    return grid
