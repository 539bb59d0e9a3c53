"""The primitives of the user's own that a run uses: pinned when it starts, asked for afterwards.

A run stores the name and hash of each. Its database never makes this process import them: who goes
on with the run names them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evonas.config import RunConfig
from evonas.config_errors import ConfigError
from search_spaces.errors import PrimitiveError
from search_spaces.own_reference import Reference, as_options, read_reference
from search_spaces.own_registry import register_all
from search_spaces.primitives import OWN
from search_spaces.space import SearchSpace


class VocabularyError(RuntimeError):
    """A run needs primitives that are not known in this process."""


def register_primitives(references: Sequence[str]) -> tuple[str, ...]:
    """Import, check and register functions; their references with pins. Raises ConfigError."""
    try:
        return register_all(references)
    except PrimitiveError as error:
        raise ConfigError(str(error)) from error


def with_primitives(config: RunConfig, references: Sequence[str] = ()) -> RunConfig:
    """The configuration with its own primitives, and these, registered and pinned.

    For a run file or flags, never for a stored configuration. Raises ConfigError.
    """
    wanted = {str(read_reference(text)): text for text in (*references, *config.primitives)}
    return config.model_copy(update={"primitives": register_primitives(tuple(wanted.values()))})


def require_primitives(run: str, config: RunConfig, command: str | None = None) -> None:
    """Raises VocabularyError if a primitive that a run uses is not known, or is another one now.

    `command` is what to call again, with the primitives behind it; None: `evonas resume`.
    """
    wanted = tuple(map(read_reference, config.primitives))
    missing = [reference for reference in wanted if reference.name not in OWN]
    if missing:
        names = ", ".join(reference.name for reference in wanted)
        raise VocabularyError(
            f"run {run!r} uses primitives of your own ({names}), and no code is imported because a "
            f"database names it; go on with: {command or f'evonas resume {run}'}"
            f"{as_options(config.primitives)}"
        )
    for reference in wanted:
        _require_same(run, reference)


def search_space(config: RunConfig) -> SearchSpace:
    """The space of a run, its own primitives among the others."""
    space = config.search_space
    own = (read_reference(text).name for text in config.primitives)
    more = tuple(name for name in own if name not in space.primitives)
    return replace(space, primitives=(*space.primitives, *more)) if more else space


def _require_same(run: str, wanted: Reference) -> None:
    known = OWN[wanted.name]
    if known.pin != wanted.pin:
        raise VocabularyError(
            f"{known.reference} is not the function that run {run!r} began with: its source or its "
            f"claims have the hash {known.pin[:8]}, the run's {wanted} had "
            f"{wanted.pin[:8] or 'none'}; bring that source back, or start a new run"
        )
