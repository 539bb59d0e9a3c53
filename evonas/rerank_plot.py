"""A picture of a rerank: test accuracies with intervals by layer, one panel an anchor."""

from __future__ import annotations

from pathlib import Path

from evonas.interval_plot import IntervalPlot, draw
from evonas.standings import anchors_of, standings, title
from results_db.records import RerankRecord

_COLOURS = {
    "found": ("found by the run", "tab:blue"),
    "given": ("given", "tab:green"),
    "baseline": ("baselines", "tab:gray"),
}


def plot(record: RerankRecord, file: Path) -> None:
    """Write the picture, layers in the order of the table. Raises PlotError, OSError."""
    layers = standings(record)
    anchors = anchors_of(record)
    picture = IntervalPlot(
        title=f"{record.run}: test accuracy over {record.settings['seeds']} seeds, mean and "
        "95 % interval",
        axis="test accuracy",
        layers=[(title(s.layer), _COLOURS[s.layer.kind][0]) for s in layers],
        colours=dict(_COLOURS.values()),
        panels={anchor: anchor for anchor in anchors},
        values={(title(s.layer), anchor): s.tests[anchor] for s in layers for anchor in s.tests},
    )
    draw(picture, file)
