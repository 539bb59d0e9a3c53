"""What a run has left to do, in words."""

from __future__ import annotations

import pytest

from evonas.cli.next_commands import Left, left_lines


@pytest.mark.parametrize(
    ("baselines", "measured", "audits", "lines"),
    [
        (0, 6, 0, []),
        (6, 0, 0, ["6 baselines to be measured yet."]),
        (1, 5, 0, ["1 baseline to be measured yet; 5 stored, never to be paid for again."]),
        (
            0,
            6,
            1,
            ["The rejection audit has 1 layer to train yet, of those that the checks threw out."],
        ),
    ],
)
def test_what_is_left_is_told(baselines: int, measured: int, audits: int, lines: list[str]) -> None:
    assert left_lines(Left(10, baselines, measured, audits)) == lines
