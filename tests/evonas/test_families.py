"""Families of a search, and searches apart."""

from __future__ import annotations

import pytest

from results_db.records import CandidateRecord
from tests.benchmarks.families import apart, best_so_far, founders, largest_family, table


def row(number: int, parent: int | None = None, score: float | None = None) -> CandidateRecord:
    return CandidateRecord(
        number=number,
        parent=parent,
        verdict="unstable" if score is None else "scored",
        scores={} if score is None else {"a": score},
    )


ROWS = [row(0, score=0.5), row(1), row(2, 0, 0.25), row(3, score=0.5), row(4, 2, 0.75), row(5, 4)]


def test_descent_goes_back_to_a_fresh_graph() -> None:
    assert founders(ROWS) == {0: 0, 1: 1, 2: 0, 3: 3, 4: 0, 5: 0}
    assert largest_family(ROWS) == (3, 4)
    assert largest_family([row(0)]) == (0, 0)


def test_the_best_so_far() -> None:
    assert best_so_far(ROWS) == [0.5, 0.5, 0.5, 0.5, 0.75, 0.75]


def test_populations_apart_share_the_budget() -> None:
    evolved = [[0.1, 0.5, 0.6, 0.9], [0.2, 0.3, 0.7, 0.8], [0.4, 0.4]]
    assert apart(evolved, 4, 1) == [0.9, 0.8]
    assert apart(evolved, 4, 2) == [0.5, 0.5, 0.4]
    assert apart(evolved, 3, 3) == [0.4]


def test_above_random_search() -> None:
    lines = list(table([[0.5] * 300, [0.7] * 300], [[0.6] * 300, [0.4] * 300]))
    assert [line.split() for line in lines[1:]] == [["300", "1", "0.600", "75%"]]
    assert list(table([[0.5] * 300] * 2, [])) == lines[:1]


def test_a_child_comes_after_its_parent() -> None:
    with pytest.raises(KeyError, match="7"):
        founders([row(0, 7)])
