"""Fingerprint: what a layer computes on fixed probes, to find equal layers written differently.

It is taken after two steps of training, so that layers are equal which start alike and are trained
alike: a parameter that never gets a gradient, as in max(x, square(v0)), stays where it starts.
Evolution is good at finding such copies, and they would fill its window.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from workers.probe import probe
from workers.probe_inputs import varied_inputs

_NUM_PROJECTIONS = 8
_NUM_SAMPLES = 8

# Float64 rounding through ten operations stays far below; layers that differ by an epsilon of 1e-5
# stay apart.
TOLERANCE = 1e-6
_CELL = 1e-4

Fingerprint = tuple[float, ...]


def fingerprint(layer_class: type[nn.Module]) -> Fingerprint:
    """48 numbers: 8 projections and 8 samples each of output, input gradient, evaluated output.

    They are taken of the asinh of the values, so that large ones do not hide what the small ones
    do. A value that is not finite becomes 0 and leaves its mark as a 49th
    number, their count.
    """
    values = probe(layer_class, varied_inputs())
    numbers: list[float] = []
    broken = 0
    for block in (values.output, values.gradient, values.evaluated):
        flat = np.arcsinh(block.ravel())
        finite = np.isfinite(flat)
        if not finite.all():
            broken += flat.size - int(finite.sum())
            flat[~finite] = 0.0
        numbers += (_projections(flat.size) @ flat).tolist()
        numbers += flat[:: flat.size // _NUM_SAMPLES][:_NUM_SAMPLES].tolist()
    return (*numbers, float(broken))


@cache
def _projections(size: int) -> NDArray[np.float64]:
    generator = torch.Generator().manual_seed(7)
    rows = torch.randn((_NUM_PROJECTIONS, size), generator=generator, dtype=torch.float64)
    projections: NDArray[np.float64] = rows.numpy() / math.sqrt(size)
    return projections


class FingerprintIndex:
    """Numbered fingerprints; finds the smallest number whose fingerprint agrees within tolerance.

    Rounding alone would split equal layers at the edge of a cell, so each is filed in two grids,
    offset by half a cell, and stored values decide.
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._values: dict[int, Fingerprint] = {}

    def __len__(self) -> int:
        return len(self._values)

    def add(self, number: int, values: Fingerprint) -> None:
        """File a fingerprint under a number."""
        self._values[number] = values
        for cell in _cells(values):
            self._cells[cell].append(number)

    def find(self, values: Fingerprint) -> int | None:
        """The smallest number filed with an equal fingerprint, None if there is none."""
        near = {number for cell in _cells(values) for number in self._cells.get(cell, ())}
        return min((n for n in near if equal(self._values[n], values)), default=None)

    def remove(self, number: int) -> None:
        """Forget a number."""
        for cell in _cells(self._values.pop(number)):
            self._cells[cell].remove(number)
            if not self._cells[cell]:
                del self._cells[cell]


def equal(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two fingerprints agree within tolerance."""
    if len(a) != len(b):
        return False
    one, other = np.asarray(a), np.asarray(b)
    scale = np.maximum(np.abs(one), np.abs(other)) + 1.0
    with np.errstate(invalid="ignore"):  # what overflowed is less than nothing, so equals nothing
        return bool(np.all(np.abs(one - other) < TOLERANCE * scale))


def difference(a: Fingerprint, b: Fingerprint) -> float:
    """How far the outputs of two fingerprints differ: root mean square, relative to their size.

    Gradients are left out, as a kink that moves by an epsilon changes some of them wholly. Layers
    that differ by the epsilon under a root come to 0.01 at most, the nearest known ones (SiLU and
    GELU) to 0.025. Not a number if values overflowed.
    """
    if len(a) != len(b):
        return math.inf
    block = _NUM_PROJECTIONS + _NUM_SAMPLES
    one, other = (np.array([*v[:block], *v[2 * block : 3 * block]]) for v in (a, b))
    with np.errstate(all="ignore"):
        size = np.sqrt((np.mean(one**2) + np.mean(other**2)) / 2)
        return float(np.sqrt(np.mean((one - other) ** 2)) / size) if size else 0.0


def _cells(values: Fingerprint) -> tuple[tuple[int, int], tuple[int, int]]:
    # asinh makes the error of large sums relative, like the tolerance.
    place = sum(map(math.asinh, values[: _NUM_PROJECTIONS // 2])) / _CELL
    if not math.isfinite(place):  # the sums overflowed; such a fingerprint equals none
        place = 0.0
    return (0, math.floor(place)), (1, math.floor(place + 0.5))
