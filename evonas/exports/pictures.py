"""The response of a layer as a picture: what comes out at a place over what went in there."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator

import torch
from torch import Tensor

from search_spaces.codegen_plan import plan
from search_spaces.graph import Graph
from search_spaces.layer import layer_class

GROUPS = 4
_SHAPE = (16, 16, 12, 12)
_POINTS = 300  # of each colour
_COLOURS = ("#2f6fb5", "#c07a1c", "#3b8a4a")
# Mean and standard deviation of what goes in.
INPUTS = ((0.0, 1.0), (0.0, 3.0), (2.0, 1.0))
# Values of the first of these that a layer has.
_PARAMETERS = {
    "v1": (0.25, 1.0, 4.0),
    "v0": (-1.0, 0.0, 1.0),
    "alpha": (0.25, 0.5, 1.0),
    "shift": (-1.0, 0.0, 1.0),
}


def can_draw() -> bool:
    """Whether matplotlib is there."""
    return importlib.util.find_spec("matplotlib") is not None


def response_svg(graph: Graph) -> str:
    """An SVG document; a panel for inputs of three distributions, one for values of a parameter.

    Points of a layer that looks at single elements and fixed statistics lie on a curve; others are
    a cloud.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    panels = [("inputs of three distributions", _of_inputs(graph))]
    name = next((name for name in _PARAMETERS if name in plan(graph).parameters), None)
    if name is not None:
        panels.append(
            (f"inputs of mean 0, std 1, three values of {name}", _of_parameter(graph, name))
        )
    figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    for axes, (title, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        for colour, (label, x, y) in zip(_COLOURS, curves, strict=True):
            axes.plot(x, y, ".", markersize=2.5, color=colour, label=label)
        axes.axhline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
        axes.axvline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
        axes.set_xlabel("x")
        axes.set_ylabel("y")
        axes.set_title(title, fontsize=9)
        axes.legend(fontsize=8, markerscale=3)
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "evonas", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


_Curve = tuple[str, list[float], list[float]]


def _of_inputs(graph: Graph) -> Iterator[_Curve]:
    for mean, std in INPUTS:
        yield f"mean {mean:g}, std {std:g}", *_points(graph, mean + std * _normal())


def _of_parameter(graph: Graph, name: str) -> Iterator[_Curve]:
    for value in _PARAMETERS[name]:
        yield f"{name} = {value:g}", *_points(graph, _normal(), (name, value))


def _points(
    graph: Graph, x: Tensor, parameter: tuple[str, float] | None = None
) -> tuple[list[float], list[float]]:
    """Some of a layer's inputs and outputs, in training."""
    layer = layer_class(graph)(x.shape[1], groups=GROUPS)
    with torch.no_grad():
        if parameter is not None:
            layer.get_parameter(parameter[0]).fill_(parameter[1])
        y = layer(x)
    every = x.numel() // _POINTS
    return x.flatten()[::every].tolist(), y.flatten()[::every].tolist()


def _normal() -> Tensor:
    return torch.randn(_SHAPE, generator=torch.Generator().manual_seed(0))
