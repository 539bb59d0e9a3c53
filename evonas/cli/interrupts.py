"""Ctrl-C during a search: the first drains and saves, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

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
