"""Where the channels are in what a norm is given, and how a layer is put there."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from evonas.swaps.layouts import is_sequence_first
from evonas.swaps.steps import MODULE, Flow

# Dimensions of a convolution's result.
_CONVOLUTIONS = ((nn.Conv1d, 3), (nn.Conv2d, 4), (nn.Conv3d, 5))


@dataclass(frozen=True, slots=True)
class Placement:
    """`ndim`: dimensions of the input, None if nothing tells; `at_end`: channels are the last."""

    channels: int
    at_end: bool
    ndim: int | None
    sequence_first: bool


def placement_of(flow: Flow, path: str) -> Placement | str:
    """The placement of a norm, or why there is none."""
    norm = flow.parts.norms[path]
    if norm.obstacle or not path:
        return norm.obstacle or "it is the whole model: put the layer there yourself"
    at_end = norm.at_end
    shapes = {shape for call in flow.calls(path) if (shape := flow.steps[call].shape)}
    for shape in sorted(shapes):
        places = [
            last
            for last in (False, True)
            if len(shape) > 1 and shape[-1 if last else 1] == norm.channels
        ]
        if at_end is None and len(places) == 1:
            at_end = places[0]
        if at_end not in places:
            return f"its {norm.channels} channels are not where they should be in {shape}"
    if at_end is None:
        return "nothing tells where its channels are: give `inputs`"
    return Placement(
        norm.channels, at_end, _dimensions(flow, path), is_sequence_first(path, flow.parts.model)
    )


def _dimensions(flow: Flow, path: str) -> int | None:
    found = {flow.parts.norms[path].ndim}
    for call in flow.calls(path):
        if shape := flow.steps[call].shape:
            found.add(len(shape))
        for origin in flow.origins(call):
            step = flow.steps[origin]
            if step.kind == MODULE:
                module = flow.parts.model.get_submodule(step.name)
                found |= {ndim for kind, ndim in _CONVOLUTIONS if isinstance(module, kind)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None
