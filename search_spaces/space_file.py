"""Search spaces from TOML files, checked strictly.

name = "group-only"
initial = ["x", "0", "v0", "v1"]     # and alpha, shift, decimal constants
primitives = ["add", "mul", "div", "max", "sigmoid"]
moments = ["mean", "std"]            # optional, as are the index sets they are taken over
index_sets = ["s", "sg"]
num_nodes = 10
requirements = ["batch-independent", "reductions<=2"]   # optional
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces.errors import GraphError, nearest
from search_spaces.index_sets import INDEX_SETS
from search_spaces.primitives import MOMENT_KINDS, moment_name
from search_spaces.space import SPACES, SearchSpace, get_space

_MAX_BYTES = 100_000
# Key -> whether it must be there.
_KEYS = {
    "name": True,
    "initial": True,
    "primitives": True,
    "moments": False,
    "index_sets": False,
    "num_nodes": True,
    "requirements": False,
}


def find_space(name_or_path: str) -> SearchSpace:
    """The space of that name, or of that TOML file if it ends in `.toml`; raises GraphError."""
    if name_or_path.endswith(".toml"):
        return read_space(Path(name_or_path))
    return get_space(name_or_path)


def read_space(path: Path) -> SearchSpace:
    """The space of a TOML file; raises GraphError that names the file and the key."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise GraphError(f"{path} has more than {_MAX_BYTES} bytes: not a search space")
        document = tomllib.loads(content.decode())
    except OSError as error:
        raise GraphError(f"cannot read the search space {path}: {error.strerror}") from None
    except GraphError:
        raise
    except (ValueError, RecursionError) as error:  # of TOML, of numbers of 5,000 digits, of NUL
        raise GraphError(f"{str(path)!r:.200} is not a TOML file: {str(error)[:200]}") from None
    try:
        return space_of(document)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from None


def space_of(document: Mapping[str, Any]) -> SearchSpace:
    """The space of a document with the keys above; raises GraphError."""
    for key in document:
        if key not in _KEYS:
            hint = nearest(key, _KEYS)
            raise GraphError(f"unknown key {key!r:.60}{hint}; allowed: {', '.join(_KEYS)}")
    missing = [key for key, needed in _KEYS.items() if needed and key not in document]
    if missing:
        raise GraphError(
            f"missing key {missing[0]!r}; needed: name, initial, primitives, num_nodes"
        )
    name, num_nodes = document["name"], document["num_nodes"]
    if not isinstance(name, str) or not name or name in SPACES:
        taken = ", ".join(SPACES)
        raise GraphError(f"name must be a text of its own, not one of {taken}; given {name!r:.60}")
    if type(num_nodes) is not int:
        raise GraphError(f"num_nodes must be a whole number, given {num_nodes!r:.60}")
    return SearchSpace(
        name,
        _names(document, "initial"),
        _names(document, "primitives") + _moments(document),
        num_nodes,
        _names(document, "requirements"),
    )


def _moments(document: Mapping[str, Any]) -> tuple[str, ...]:
    kinds, index_sets = _names(document, "moments"), _names(document, "index_sets")
    if bool(kinds) != bool(index_sets):
        raise GraphError("moments and index_sets go together: give both, or neither")
    for key, names, allowed in (
        ("moments", kinds, MOMENT_KINDS),
        ("index_sets", index_sets, tuple(INDEX_SETS)),
    ):
        for name in names:
            if name not in allowed:
                hint = nearest(name, allowed)
                raise GraphError(
                    f"unknown name {name!r:.60} in {key}{hint}; allowed: {', '.join(allowed)}"
                )
    return tuple(moment_name(kind, index_set) for kind in kinds for index_set in index_sets)


def _names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = document.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GraphError(
            f"{key} must be a list of names, given {names!r:.60}; each stands in quotes, as '0.5'"
        )
    return tuple(names)
