"""A picture of a calibration: scores with intervals by layer, one panel an anchor."""

from __future__ import annotations

from pathlib import Path

from evonas.calibration import Calibration
from evonas.interval_plot import IntervalPlot, draw
from evonas.intervals import Interval


def plot(calibration: Calibration, title: str, file: Path) -> None:
    """Write the picture. Raises PlotError without matplotlib, OSError."""
    variant = calibration.rows[0].variant
    rows = [row for row in calibration.rows if row.variant == variant]
    anchors = list(dict.fromkeys(row.anchor for row in rows))
    scores = {(row.layer, row.anchor): row.score for row in rows}
    kinds = {row.layer: row.kind for row in rows}
    # The best at the top; a layer without a score on an anchor counts as 0 there.
    order = sorted(kinds, key=lambda name: -sum(scores[name, a] or 0.0 for a in anchors))
    picture = IntervalPlot(
        title=f"{title}: means over seeds and 95 % intervals",
        axis="validation accuracy",
        layers=[(name, _WORDS[kinds[name]]) for name in order],
        colours={_WORDS["known"]: "tab:blue", _WORDS["bad"]: "tab:red"},
        panels={a: f"{a}, noise {calibration.noise[a]:.3f}" for a in anchors},
        values={
            (row.layer, row.anchor): Interval(row.score, row.half)
            for row in rows
            if row.score is not None
        },
        limits=(0, 1),
    )
    draw(picture, file)


_WORDS = {"known": "known layers", "bad": "must not win"}
