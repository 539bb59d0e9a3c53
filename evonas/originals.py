"""The committed candidates that are no duplicates, found by what they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from workers.fingerprint import TOLERANCE, Fingerprint, FingerprintIndex, equal

_LATEST = 4096  # candidates whose fingerprints stay in memory
_CHUNK = 10_000  # fingerprints turned into places at a time

# A fingerprint's place in a plane: sums of asinh over its first numbers, with these signs. asinh
# makes the error of large numbers relative, like the tolerance, so equal fingerprints are never
# further apart than _RADIUS, on either axis.
HEAD = 4
_AXES = np.array([[1, 1, 1, 1], [1, -1, 1, -1]], np.float64)
_RADIUS = 2 * HEAD * TOLERANCE


class Originals:
    """Holds the latest fingerprints whole; of older ones 24 bytes each, their place and number.

    Only fingerprints near in place are read again (`read` takes the number) and compared: in a
    million, next to none but the equal ones. (On a line instead of the plane it would be some
    four.) Of those that are `committed` already, the first HEAD numbers will do.
    """

    def __init__(
        self,
        read: Callable[[int], Fingerprint],
        committed: Iterable[tuple[int, Fingerprint]] = (),
        least: int = 0,
    ) -> None:
        self._keep = max(least, _LATEST)
        self._read = lru_cache(maxsize=self._keep)(read)
        self._latest: list[tuple[int, Fingerprint]] = []
        self._index = FingerprintIndex()  # of the latest
        # Ascending on the first axis; 2 x n.
        self._places: NDArray[np.float64] = np.empty((2, 0))
        self._numbers: NDArray[np.int64] = np.empty(0, np.int64)
        places, numbers = [self._places], [self._numbers]
        rows = iter(committed)
        while chunk := list(islice(rows, _CHUNK)):
            places.append(_places([values for _, values in chunk]))
            numbers.append(np.array([number for number, _ in chunk], np.int64))
        self._places = np.concatenate(places, axis=1)
        self._numbers = np.concatenate(numbers)
        order = np.argsort(self._places[0], kind="stable")
        self._places, self._numbers = self._places[:, order], self._numbers[order]

    def add(self, number: int, values: Fingerprint) -> None:
        """Take in the next original; `read` must know it `least` additions later."""
        if len(self._latest) >= 2 * self._keep:
            self._file_older()
        self._latest.append((number, values))
        self._index.add(number, values)

    def find(self, values: Fingerprint) -> int | None:
        """The smallest number with an equal fingerprint, None if there is none."""
        ((x,), (y,)) = _places([values])
        first, end = self._places[0].searchsorted((x - _RADIUS, x + _RADIUS))
        if first < end:
            near = np.abs(self._places[1, first:end] - y) <= _RADIUS
            for number in np.sort(self._numbers[first:end][near]).tolist():
                if equal(self._read(number), values):
                    return int(number)
        return self._index.find(values)

    def _file_older(self) -> None:
        older, self._latest = self._latest[: self._keep], self._latest[self._keep :]
        self._index = FingerprintIndex()
        for number, values in self._latest:
            self._index.add(number, values)
        places = _places([values for _, values in older])
        order = np.argsort(places[0], kind="stable")
        # Merged, not sorted again: this is paid again and again as the history grows.
        at = self._places[0].searchsorted(places[0, order])
        self._places = np.insert(self._places, at, places[:, order], axis=1)
        numbers = np.array([number for number, _ in older], np.int64)
        self._numbers = np.insert(self._numbers, at, numbers[order])


def _places(fingerprints: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """Shape 2 x len(fingerprints)."""
    heads = np.nan_to_num(np.array([values[:HEAD] for values in fingerprints], np.float64))
    places: NDArray[np.float64] = _AXES @ np.arcsinh(heads).T
    return places
