"""`--primitive`: functions of the user's own, imported where the command was called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evonas.config import RunConfig


def register(references: Sequence[str] | None) -> None:
    """Make the functions known that a command names. Raises ConfigError."""
    if references:
        from evonas.vocabulary import register_primitives

        look_here()
        register_primitives(references)


def pinned(config: RunConfig, references: Sequence[str] | None) -> RunConfig:
    """The configuration with those of its file and of the flags pinned. Raises ConfigError."""
    from evonas.vocabulary import with_primitives

    look_here()
    return with_primitives(config, references or ())


def look_here() -> None:
    """Modules in the working directory are importable, as on Ray workers: behind the installed."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)
