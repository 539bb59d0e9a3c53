"""The committed candidates that are no duplicates, found by what they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from workers.fingerprint import TOLERANCE, Fingerprint, FingerprintIndex

_LATEST = 4096  # candidates whose fingerprints stay in memory
_CHUNK = 10_000  # fingerprints turned into places at a time

# A fingerprint's place on a line: the sum of asinh over its first numbers. asinh makes the error
# of large numbers relative, like the tolerance, so equal fingerprints are never further apart.
HEAD = 4
_RADIUS = 2 * HEAD * TOLERANCE


class Originals:
    """Holds the latest fingerprints whole; of older ones 16 bytes each, their place and number.

    Only fingerprints near in place are read again (`read` takes the number) and compared; of those
    that are `committed` already, the first HEAD numbers will do.
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
        self._places: NDArray[np.float64] = np.empty(0)  # ascending
        self._numbers: NDArray[np.int64] = np.empty(0, np.int64)
        places, numbers = [self._places], [self._numbers]
        rows = iter(committed)
        while chunk := list(islice(rows, _CHUNK)):
            places.append(_places([values for _, values in chunk]))
            numbers.append(np.array([number for number, _ in chunk], np.int64))
        self._set_older(np.concatenate(places), np.concatenate(numbers))

    def add(self, number: int, values: Fingerprint) -> None:
        """Take in the next original; `read` must know it `least` additions later."""
        if len(self._latest) >= 2 * self._keep:
            self._file_older()
        self._latest.append((number, values))
        self._index.add(number, values)

    def find(self, values: Fingerprint) -> int | None:
        """The smallest number with an equal fingerprint, None if there is none."""
        (place,) = _places([values])
        first, end = np.searchsorted(self._places, (place - _RADIUS, place + _RADIUS))
        for number in np.sort(self._numbers[first:end]).tolist():
            if _equal(self._read(number), values):
                return int(number)
        return self._index.find(values)

    def _file_older(self) -> None:
        older, self._latest = self._latest[: self._keep], self._latest[self._keep :]
        self._index = FingerprintIndex()
        for number, values in self._latest:
            self._index.add(number, values)
        self._set_older(
            np.append(self._places, _places([values for _, values in older])),
            np.append(self._numbers, np.array([number for number, _ in older], np.int64)),
        )

    def _set_older(self, places: NDArray[np.float64], numbers: NDArray[np.int64]) -> None:
        order = np.argsort(places, kind="stable")
        self._places, self._numbers = places[order], numbers[order]


def _places(fingerprints: Sequence[Fingerprint]) -> NDArray[np.float64]:
    heads = np.array([values[:HEAD] for values in fingerprints], np.float64)
    places: NDArray[np.float64] = np.arcsinh(heads).sum(axis=1)
    return places


def _equal(a: Fingerprint, b: Fingerprint) -> bool:
    alone = FingerprintIndex()
    alone.add(0, a)
    return alone.find(b) is not None
