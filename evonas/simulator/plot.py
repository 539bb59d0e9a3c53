"""A picture of a study: what each setting found beside the first, and how busy workers were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from evonas.simulator.study import Summary

_WIDTH = 40  # characters of a line of a setting


def plot(found: Sequence[Summary], title: str, timed: bool, file: Path) -> None:
    """Write the picture; `timed`: with the workers' time. Needs matplotlib; raises OSError."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    names = [fill(summary.setting.replace("evolution.", ""), _WIDTH) for summary in found]
    lines = sum(name.count("\n") + 2 for name in names)
    figure = Figure(figsize=(9 if timed else 7, 0.15 * lines + 1.2), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(1, 2 if timed else 1, sharey=True, squeeze=False)[0]
    places = range(len(found))[::-1]  # the first at the top
    for place, summary in zip(places, found, strict=True):
        shown = summary.difference
        mean, half = (shown.mean, shown.half) if shown else (0.0, None)
        panels[0].errorbar(mean, place, xerr=half, fmt="o", color="tab:blue")
    panels[0].axvline(0, color="grey", linewidth=0.8)
    panels[0].set_xlabel("true accuracy found, beside the first")
    panels[0].set_yticks(list(places), names, fontsize=7)
    panels[0].grid(alpha=0.3)
    if timed:
        panels[1].barh(list(places), [summary.busy for summary in found], color="tab:green")
        panels[1].set_xlim(0, 1)
        panels[1].set_xlabel("share of the workers' time spent working")
    figure.suptitle(title, fontsize=10)
    # No date and no random ids, so that the same study gives the same file.
    with rc_context({"svg.hashsalt": "evonas", "svg.fonttype": "none"}):
        figure.savefig(file, metadata={"Date": None})
