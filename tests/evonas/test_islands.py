"""Populations that breed apart."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.islands import Islands
from results_db.records import CandidateRecord
from workers.verdict import Verdict


def row(number: int, slot: int | None = None, repeat_of: int | None = None) -> CandidateRecord:
    return CandidateRecord(
        number=number,
        verdict=Verdict.SCORED,
        graph_json=f"graph {number}",
        scores={"a": number / 100},
        slot=slot,
        repeat_of=repeat_of,
    )


@settings(deadline=None)
@given(slots=st.permutations(range(24)), count=st.integers(1, 5), size=st.integers(1, 8))
def test_a_candidate_counts_on_the_island_of_its_slot(
    slots: list[int], count: int, size: int
) -> None:
    islands = Islands(count, size)
    for number, slot in enumerate(slots):
        islands.take(row(number, slot))
    for slot in range(24):
        there = [number for number, each in enumerate(slots) if each % count == slot % count]
        assert [member.number for member in islands.window(slot)] == there[-size:]
    assert [len(window) for window in islands.windows()] == [
        min(size, len(range(island, 24, count))) for island in range(count)
    ]
    assert islands.through == 23


def test_all_may_be_evaluated_again_until_every_island_is_full() -> None:
    islands = Islands(2, 2)
    for number in (0, 1, 2, 4, 6):
        islands.take(row(number))
    assert islands.oldest == 0
    islands.take(row(7))
    assert islands.oldest == 0  # of island 0, which keeps a few more than may be drawn
    islands.take(row(8))
    islands.take(row(10))
    assert 0 < islands.oldest <= 1


def test_a_further_seed_counts_on_the_island_of_the_layer() -> None:
    islands = Islands(2, 4)
    for one in (row(0), row(1), row(2, repeat_of=0), row(3, repeat_of=1)):
        islands.take(one)
    assert [(m.number, m.seeds) for m in islands.window(0)] == [(0, 2)]
    assert [(m.number, m.seeds) for m in islands.window(1)] == [(1, 2)]
