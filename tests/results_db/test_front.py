"""Pareto fronts against brute force."""

from hypothesis import given, settings
from hypothesis import strategies as st

from results_db.front import Scores, extend, nondominated

# Few values, so that many are equal; some on other anchors.
accuracy = st.integers(0, 5).map(lambda n: n / 5)
point = st.one_of(
    st.fixed_dictionaries({"a": accuracy, "b": accuracy}),
    st.fixed_dictionaries({"b": accuracy, "a": accuracy, "c": accuracy}),
    st.fixed_dictionaries({"c": accuracy}),
)
points = st.lists(point, max_size=12)


def dominates(a: Scores, b: Scores) -> bool:
    return a.keys() == b.keys() and a != b and all(a[anchor] >= b[anchor] for anchor in a)


@settings(deadline=None)  # moocore is imported within the first
@given(points)
def test_front_is_what_nothing_dominates(found: list[Scores]) -> None:
    expected = [i for i, a in enumerate(found) if not any(dominates(b, a) for b in found)]
    assert nondominated(found) == expected


@settings(deadline=None)  # moocore is imported within the first
@given(points, st.integers(1, 5))
def test_a_front_grown_in_steps_is_that_of_all(found: list[Scores], step: int) -> None:
    numbered = dict(enumerate(found))
    front = extend({}, {})
    for first in range(0, len(found), step):
        front = extend(front, {n: s for n, s in numbered.items() if first <= n < first + step})
    assert list(front) == nondominated(found)
    assert all(front[n] is numbered[n] for n in front)
