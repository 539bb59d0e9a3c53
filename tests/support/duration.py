"""Bounds on what something costs, that hold on a busy machine too."""

from __future__ import annotations

import time
from collections.abc import Callable

_READINGS = 5


def is_below(seconds: float, call: Callable[[], object]) -> bool:
    """Whether a call takes less processor time than so many seconds, in the best of five readings.

    Processor time grows too where others use the caches; what is slow by itself is slow each time.
    """
    return any(_seconds_of(call) < seconds for _ in range(_READINGS))


def _seconds_of(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
