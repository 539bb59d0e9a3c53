"""Own primitives by dotted name: loading a function, checking it, and making it known.

What is known is state of the process, the one exception to the closed vocabulary: it is filled at
the edge, from a run file or a flag, before graphs are made. Nothing is loaded because a graph, a
text form or a database names it.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import blake2b

import torch

from search_spaces import primitives
from search_spaces.dotted import DottedNameError, load_object
from search_spaces.errors import PrimitiveError
from search_spaces.own_checks import arity_of, check_behaviour, check_name
from search_spaces.own_claims import check_claims
from search_spaces.own_cost import passes_and_kept
from search_spaces.own_primitive import OwnPrimitive, claims_of
from search_spaces.own_reference import Reference, read_reference
from search_spaces.own_source import Source, read_source, same_in_a_module_of_its_own


def load(text: str) -> OwnPrimitive:
    """Import a function and check all there is to check; it is not known yet.

    Raises PrimitiveError, also if the reference has a pin and the function is another one.
    """
    reference = read_reference(text)
    check_name(reference.name)
    function = _imported(reference)
    arity = arity_of(function, reference.name)
    assert isinstance(function, types.FunctionType)
    claims = claims_of(function)
    source = read_source(function)
    parts = (reference.name, arity, asdict(claims), source.identity)
    pin = blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
    if reference.pin and pin != reference.pin:
        raise PrimitiveError(
            f"{reference} has changed: its source has the hash {pin[:8]}, wanted is "
            f"{reference.pin[:8]}; bring the earlier source back, or start a new run"
        )
    check_behaviour(function, reference.name, arity)
    check_claims(function, reference.name, arity, claims)
    if source.definition:
        _check_definition(function, source, reference.name, arity)
    passes, kept = passes_and_kept(function, arity)
    return OwnPrimitive(
        name=reference.name,
        reference=str(reference),
        function=function,
        arity=arity,
        claims=claims,
        pin=pin,
        definition=source.definition,
        modules=source.modules,
        obstacle=source.obstacle,
        passes=passes,
        kept=kept,
    )


def register(own: OwnPrimitive) -> None:
    """Make a primitive known in this process; again is no error.

    Raises PrimitiveError if another function of that name is known.
    """
    known = primitives.OWN.get(own.name)
    if known is not None and known.pin != own.pin:
        raise PrimitiveError(
            f"{own.reference} and {known.reference} are two functions with the name "
            f"{own.name!r}; rename one of them"
        )
    if known is None:
        primitives.add_own(own)


def register_all(references: Sequence[str]) -> tuple[str, ...]:
    """Load and register functions; returns their references with pins. Raises PrimitiveError."""
    found = []
    for text in references:
        reference = read_reference(text)
        known = primitives.OWN.get(reference.name)
        if known is None or (known.reference, known.pin) != (str(reference), reference.pin):
            known = load(text)
        register(known)
        found.append(known.pinned)
    return tuple(dict.fromkeys(found))


@contextmanager
def registered(*references: str) -> Iterator[tuple[OwnPrimitive, ...]]:
    """The functions as primitives inside a with block; they are forgotten after it."""
    before = set(primitives.OWN)
    try:
        register_all(references)
        yield tuple(primitives.OWN[read_reference(text).name] for text in references)
    finally:
        for name in set(primitives.OWN) - before:
            primitives.remove_own(name)


def _imported(reference: Reference) -> object:
    try:
        return load_object(str(reference))
    except DottedNameError as error:
        raise PrimitiveError(str(error)) from error


def _check_definition(function: types.FunctionType, source: Source, name: str, arity: int) -> None:
    """Raises PrimitiveError if the text in a module of its own computes something else."""
    alone = same_in_a_module_of_its_own(source, name)
    inputs = tuple(torch.linspace(-5.0, 4.0 - i, 41, dtype=torch.float64) for i in range(arity))
    if not torch.equal(alone(*inputs), function(*inputs)):
        raise PrimitiveError(f"{name} computes something else than its source; reload its module")
