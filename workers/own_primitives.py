"""Tasks that need primitives of the user's own, which the worker's process must know first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search_spaces.own_registry import register_all


def with_primitives(pinned: tuple[str, ...], function: Callable[..., Any], *args: Any) -> Any:
    """What `function(*args)` returns, with these primitives known; each is loaded once a process.

    Raises PrimitiveError if one cannot be imported here, or is another function than on the driver.
    """
    register_all(pinned)
    return function(*args)
