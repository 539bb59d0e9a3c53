"""Layers that cannot stand in an anchor: the errors that say so."""

from collections.abc import Iterator
from contextlib import contextmanager


class UnfitLayerError(ValueError):
    """The layer cannot stand in one of the anchors; the message names the requirement."""


class BrokenLayerError(UnfitLayerError):
    """The code of a user's layer raised: what it is to hold to, and in `on_anchor` where it was."""

    def __init__(self, name: str, error: Exception, contract: str, anchor: str = "") -> None:
        where = f" on {anchor}" if anchor else ""
        said = " ".join(str(error).split())  # the last line of a traceback is what users see
        super().__init__(f"{name}{where}: {type(error).__name__}: {said}; {contract}")
        self.name, self.error, self.contract = name, error, contract


@contextmanager
def on_anchor(anchor: str) -> Iterator[None]:
    """Has the BrokenLayerError of a layer that is built or called within name the anchor."""
    try:
        yield
    except BrokenLayerError as broken:
        raise BrokenLayerError(broken.name, broken.error, broken.contract, anchor) from broken.error
