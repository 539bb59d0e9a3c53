"""A picture of means with intervals by layer, one panel an anchor."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.intervals import Interval

FORMATS = (".svg", ".png", ".pdf")


class PlotError(RuntimeError):
    """No picture could be drawn; the message says what to do."""


@dataclass(frozen=True, slots=True)
class IntervalPlot:
    """layers: name and kind, from the top down; colours: by kind, in the order of the legend.

    panels: title by anchor; values: by layer and anchor, as far as there are any. limits: of the
    horizontal axis, None: what the values need.
    """

    title: str
    axis: str
    layers: Sequence[tuple[str, str]]
    colours: Mapping[str, str]
    panels: Mapping[str, str]
    values: Mapping[tuple[str, str], Interval]
    limits: tuple[float, float] | None = None


def check_can_plot(file: Path | None = None) -> None:
    """Raises PlotError, before anything long is begun, without matplotlib and for a file that
    cannot be written or whose format is not known.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotError("the plot needs matplotlib: pip install 'evonas[plots]'")
    if file is None:
        return
    if file.suffix.lower() not in FORMATS:
        raise PlotError(f"no picture can be written as {file}; allowed: {', '.join(FORMATS)}")
    if not file.parent.is_dir():
        raise PlotError(f"the directory {file.parent} does not exist; make it, or give another")


def draw(plot: IntervalPlot, file: Path) -> None:
    """Write the picture. Raises PlotError without matplotlib, OSError."""
    check_can_plot(file)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    width, height = 4 * len(plot.panels) + 2, 0.28 * len(plot.layers) + 2
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(plot.panels), sharey=True, squeeze=False)[0]
    for panel, (anchor, title) in zip(panels, plot.panels.items(), strict=True):
        for place, (name, kind) in enumerate(plot.layers):
            value = plot.values.get((name, anchor))
            if value is None:
                across = panel.get_yaxis_transform()
                panel.text(0.02, place, "no score", transform=across, fontsize=7, va="center")
                continue
            colour = plot.colours[kind]
            panel.errorbar(
                value.mean, place, xerr=value.half, fmt="o", markersize=4, color=colour, capsize=2
            )
        panel.set_title(title)
        panel.set_xlabel(plot.axis)
        if plot.limits is not None:
            panel.set_xlim(*plot.limits)
        panel.grid(alpha=0.3)
    names = [name for name, _ in plot.layers]
    panels[0].set_yticks(range(len(names)), names, fontsize=7)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.suptitle(plot.title)
    marks = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=kind)
        for kind, colour in plot.colours.items()
        if kind in {kind for _, kind in plot.layers}
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=len(marks), frameon=False)
    figure.savefig(file, dpi=120)
