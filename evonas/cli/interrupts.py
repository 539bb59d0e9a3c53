"""Ctrl-C: a search saves what runs at the first, other commands stop and say what is kept."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

import typer

from evonas.cli.errors import INTERRUPTED
from evonas.evolution import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While entered: the first signal sets `stop.drain`, the next one raises KeyboardInterrupt.

    `notice` is called at the first, inside the signal handler.
    """

    def __init__(self, stop: Stop, notice: Callable[[], None]) -> None:
        self._stop = stop
        self._notice = notice
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stop.drain:
            raise KeyboardInterrupt
        self._stop.drain = True
        self._notice()


@contextmanager
def stored_as_they_end(say: Callable[..., None]) -> Iterator[None]:
    """Around evaluations that are stored one by one: at Ctrl-C, says so, and typer.Exit(130)."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopped; what had ended is stored, what was running is not; the same command goes on")
        raise typer.Exit(INTERRUPTED) from None
