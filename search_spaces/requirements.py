"""Requirements that a space or run may state: properties by name, and ceilings of the cost."""

from __future__ import annotations

import re
from collections.abc import Callable

from search_spaces.cost import Cost
from search_spaces.errors import GraphError, nearest
from search_spaces.graph import Graph
from search_spaces.properties import Properties, Structure, properties_of_canonical, structure

# Requirement -> what a layer must show.
REQUIREMENTS: dict[str, str] = {
    "batch-independent": "no moment over the batch",
    "causal": "no moment over space or over the batch",
    "scale-invariant": "f(k x) = f(x) for k > 0, up to the epsilon under roots",
    "shift-invariant": "f(x + c) = f(x) for a number c",
    "activates": "not affine in x if its statistics are taken as numbers",
    "passes<=N": "at most N element-wise operations over a full tensor",
    "reductions<=N": "at most N reductions over a full tensor",
    "bytes<=N": "at most N bytes read and written for an element of x in float32",
    "kept<=N": "at most N full tensors kept for the backward pass",
}
_CEILING = re.compile(rf"({'|'.join(Cost.__slots__)})<=([0-9]{{1,6}})", re.ASCII)

_OF_STRUCTURE: dict[str, Callable[[Structure], bool]] = {
    "batch-independent": lambda found: not found.mixes_batch,
    "causal": lambda found: not found.mixes_positions,
    "activates": lambda found: not found.only_normalizes,
}
_OF_PROPERTIES: dict[str, Callable[[Properties], bool]] = {
    "scale-invariant": lambda found: found.degree == 0,
    "shift-invariant": lambda found: found.shift_invariant,
}
# Those without a number.
PROPERTY_REQUIREMENTS: tuple[str, ...] = (*_OF_STRUCTURE, *_OF_PROPERTIES)


# What any layer costs, the closing affine counted: `x` alone, and one element-wise operation.
_LEAST: dict[str, int] = {"passes": 1, "reductions": 0, "bytes": 8, "kept": 1}
_LEAST_IF_IT_ACTIVATES: dict[str, int] = {"passes": 2, "bytes": 16}


def check_requirements(names: tuple[str, ...]) -> None:
    """Raises GraphError if a requirement is not a known one."""
    for name in names:
        if name in _OF_STRUCTURE or name in _OF_PROPERTIES or _CEILING.fullmatch(name):
            continue
        allowed = ", ".join(REQUIREMENTS)
        raise GraphError(
            f"unknown requirement {name!r:.60}{nearest(name, REQUIREMENTS)}; allowed: {allowed}, "
            "with a number for N"
        )


def check_ceilings(names: tuple[str, ...]) -> None:
    """Raises GraphError if a ceiling lies below what the cheapest layer that is asked for costs."""
    least = {**_LEAST, **(_LEAST_IF_IT_ACTIVATES if "activates" in names else {})}
    for name in names:
        ceiling = _CEILING.fullmatch(name)
        if ceiling is not None and int(ceiling[2]) < least[ceiling[1]]:
            raise GraphError(
                f"no layer can meet {name!r}: even {'max(x, 0)' if 'activates' in names else 'x'} "
                f"has {ceiling[1]} {least[ceiling[1]]}, with the closing affine; allow more"
            )


def unmet(found: Properties, requirements: tuple[str, ...]) -> str | None:
    """The first requirement that a layer with these properties does not meet."""
    return next((name for name in requirements if not is_met(found, name)), None)


def unmet_by(graph: Graph, requirements: tuple[str, ...]) -> str | None:
    """The first requirement that a canonical graph does not meet, the cheap ones before others."""
    cheap = [name for name in requirements if name in _OF_STRUCTURE]
    if cheap:
        found = structure(graph)
        for name in cheap:
            if not _OF_STRUCTURE[name](found):
                return name
    rest = tuple(name for name in requirements if name not in _OF_STRUCTURE)
    return unmet(properties_of_canonical(graph), rest) if rest else None


def is_met(found: Properties, name: str) -> bool:
    """Whether a layer with these properties meets a requirement."""
    if name in _OF_STRUCTURE:
        return _OF_STRUCTURE[name](found)
    if name in _OF_PROPERTIES:
        return _OF_PROPERTIES[name](found)
    ceiling = _CEILING.fullmatch(name)
    assert ceiling is not None, name
    spent: int = getattr(found.cost, ceiling[1])
    return spent <= int(ceiling[2])
