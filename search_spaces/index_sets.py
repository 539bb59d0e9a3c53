"""Index sets: which axes a moment averages over, and which axes a value varies along.

A tensor has four elementary axes, whatever its layout: `b` batch, `s` space (height and width, or
tokens), `g` the groups of channels, `w` the channels within one group. All channels are `g` and
`w` together, so the index set `c` is {g, w} and the index set `g` of the text form ("within a
group") is {w}.
"""

from __future__ import annotations

Axes = frozenset[str]

BATCH = "b"
SPACE = "s"
BETWEEN_GROUPS = "g"
WITHIN_GROUP = "w"

ALL_AXES: Axes = frozenset((BATCH, SPACE, BETWEEN_GROUPS, WITHIN_GROUP))
CHANNELS: Axes = frozenset((BETWEEN_GROUPS, WITHIN_GROUP))
NO_AXES: Axes = frozenset()

# In the order in which the canonical form prefers them.
INDEX_SETS: dict[str, Axes] = {
    "bs": frozenset((BATCH, SPACE)),  # batch norm
    "s": frozenset((SPACE,)),  # instance norm
    "sc": frozenset((SPACE, BETWEEN_GROUPS, WITHIN_GROUP)),  # layer norm of images
    "sg": frozenset((SPACE, WITHIN_GROUP)),  # group norm
    "c": CHANNELS,  # layer norm of tokens
    "g": frozenset((WITHIN_GROUP,)),  # the same within a group
}


def reduced_axes(index_set: str, varies: Axes) -> Axes:
    """The axes that a moment averages over when its argument varies along `varies`."""
    return INDEX_SETS[index_set] & varies


def smallest_index_set(reduced: Axes, varies: Axes) -> str:
    """The preferred index set among those that average over exactly `reduced` of an argument."""
    return next(name for name, axes in INDEX_SETS.items() if axes & varies == reduced)
