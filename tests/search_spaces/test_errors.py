"""Words that messages are made of."""

from __future__ import annotations

import pytest

from search_spaces.errors import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 seeds"), (1, "1 seed"), (2, "2 seeds"), (1234567, "1,234,567 seeds")]
)
def test_a_number_agrees_with_its_noun(count: int, said: str) -> None:
    assert counted(count, "seed") == said
