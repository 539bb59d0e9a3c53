"""A picture of a calibration: scores with intervals by layer, one panel an anchor."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from evonas.calibration import Calibration

_COLOURS = {"known": "tab:blue", "bad": "tab:red"}


class PlotError(RuntimeError):
    """No picture could be drawn; the message says what to install."""


def check_can_plot() -> None:
    """Raises PlotError without matplotlib, before anything long is begun."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotError("the plot needs matplotlib: pip install evonas[plots]")


def plot(calibration: Calibration, title: str, file: Path) -> None:
    """Write the picture. Raises PlotError without matplotlib, OSError."""
    check_can_plot()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    variant = calibration.rows[0].variant
    rows = [row for row in calibration.rows if row.variant == variant]
    anchors = list(dict.fromkeys(row.anchor for row in rows))
    scores = {(row.layer, row.anchor): row for row in rows}
    layers = {row.layer: row.kind for row in rows}
    # The best at the top; a layer without a score on an anchor counts as 0 there.
    order = sorted(layers, key=lambda name: sum(scores[name, a].score or 0.0 for a in anchors))
    figure = Figure(figsize=(4 * len(anchors) + 2, 0.28 * len(order) + 1.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(anchors), sharey=True, squeeze=False)[0]
    for panel, anchor in zip(panels, anchors, strict=True):
        for place, name in enumerate(order):
            row = scores[name, anchor]
            if row.score is None:
                continue
            panel.errorbar(
                row.score, place, xerr=row.half, fmt="o", markersize=4, color=_COLOURS[row.kind]
            )
        panel.set_title(f"{anchor}, noise {calibration.noise[anchor]:.3f}")
        panel.set_xlabel("validation accuracy")
        panel.set_xlim(0, 1)
        panel.grid(alpha=0.3)
    panels[0].set_yticks(range(len(order)), order, fontsize=7)
    figure.suptitle(f"{title}: means over seeds and 95 % intervals; red: must not win")
    figure.savefig(file, dpi=120)
