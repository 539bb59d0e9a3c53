"""Originals against an index that keeps every fingerprint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evonas import originals
from evonas.originals import Originals
from workers.fingerprint import TOLERANCE, Fingerprint, FingerprintIndex


def near(values: Fingerprint, rng: np.random.Generator, times: float) -> Fingerprint:
    """Values that differ by so many tolerances at most, in a random direction."""
    array = np.asarray(values)
    shift = rng.uniform(-1, 1, len(array)) * times * TOLERANCE * (np.abs(array) + 1)
    return tuple((array + shift).tolist())


@pytest.mark.parametrize("resumed_at", [0, 150, 400])
def test_finds_what_an_index_of_all_finds(monkeypatch: pytest.MonkeyPatch, resumed_at: int) -> None:
    monkeypatch.setattr(originals, "_LATEST", 20)
    rng = np.random.default_rng(0)
    known: list[Fingerprint] = []
    whole, compact = FingerprintIndex(), Originals(known.__getitem__)
    hits = 0
    for number in range(400):
        scale = 10.0 ** rng.integers(-3, 9)
        values: Fingerprint = (*(scale * rng.standard_normal(48)).tolist(), 0.0)
        if known and rng.random() < 0.5:
            values = near(known[int(rng.integers(len(known)))], rng, rng.choice([0, 0.5, 1.5]))
        found = whole.find(values)
        assert compact.find(values) == found
        hits += found is not None
        known.append(values)
        whole.add(number, values)
        compact.add(number, values)
        if number + 1 == resumed_at:
            compact = Originals(known.__getitem__, enumerate(list(known)))
    assert hits > 50


def test_fingerprints_that_overflowed_equal_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_LATEST", 2)
    known: list[Fingerprint] = [
        ((math.inf,) * 49, (math.inf, -math.inf) * 24, (math.nan,) * 49)[i % 3] for i in range(12)
    ]
    compact = Originals(known.__getitem__)
    for number, values in enumerate(known):
        assert compact.find(values) is None
        compact.add(number, values)


def test_hardly_any_but_the_equal_ones_are_read() -> None:
    rng = np.random.default_rng(0)
    heads = rng.standard_normal((100_000, 4))
    read: list[int] = []

    def fetch(number: int) -> Fingerprint:
        read.append(number)
        return tuple(heads[number].tolist())

    compact = Originals(fetch, ((i, tuple(head)) for i, head in enumerate(heads.tolist())))
    for number in range(0, 100_000, 200):
        assert compact.find(tuple(heads[number].tolist())) == number
        assert compact.find(tuple(rng.standard_normal(4).tolist())) is None
    assert len(read) <= 500 + 2
