"""Replaces the normalizations and activations of a model by a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from torch import nn

from evonas.swaps.dummies import dummy_inputs
from evonas.swaps.layouts import leave_fast_paths
from evonas.swaps.maker import LayerLike, Maker, SwapError, keep_affine, maker_of
from evonas.swaps.ordered import order
from evonas.swaps.placement import Placement, placement_of
from evonas.swaps.plan import Lone, Plan, plan
from evonas.swaps.recorded import record
from evonas.swaps.report import LeftAlone, Replaced, Report
from evonas.swaps.steps import Flow, Parts, parts_of
from evonas.swaps.traced import trace

# Wrappers hold on to the parameters, or to code that was made of the model as it was.
_WRAPPERS = frozenset(
    (
        *("DistributedDataParallel", "FullyShardedDataParallel", "FSDPModule"),
        *("OptimizedModule", "ScriptModule"),
    )
)


def swap(
    model: nn.Module,
    layer: LayerLike,
    *,
    inputs: Any = None,
    lone: Lone = "keep",
    activations: tuple[type[nn.Module], ...] = (),
    **settings: Any,
) -> Report:
    """Put `layer` in place of every norm and activation pair of `model`; what was done, one by one.

    A norm and an activation are a pair if the activation alone reads the norm, and is called after
    such norms alone. The norm becomes the layer, with the device, dtype and mode of the norm and
    parameters that start anew; the activation becomes nn.Identity. All else keeps its weights.
    Optimizers are to be made afterwards.

    Args:
        model: changed in place.
        layer: a text form, a zoo name, the path of an exported file, a Layer, a class such as an
            exported one, or a function norm_act(num_features, apply_act=True).
        inputs: what the model is called with, to be seen in a recorded pass: a tensor, a tuple of
            arguments, or a dict of named ones. Without it a model of Transformers is recorded on
            its own dummy inputs, another traced by torch.fx, and one that cannot be traced is
            known by the order in its nn.Sequential alone.
        lone: what becomes of norms that no activation follows. "keep" leaves them; "layer" puts the
            layer in their places, activation and all, with the scale and shift of the norm;
            "affine" leaves of them the scale and shift, without any normalization.
        activations: classes of activations of your own.
        settings: of the layer, such as groups=8.

    Raises SwapError for a model, a layer or settings that cannot be used, LayerError or TextError
    for a name of no layer; the model is as it was then.
    """
    if lone not in get_args(Lone):
        raise SwapError(f"lone must be one of {', '.join(get_args(Lone))}, given {lone!r}")
    wrapper = next((b.__name__ for b in type(model).__mro__ if b.__name__ in _WRAPPERS), None)
    if wrapper:
        raise SwapError(f"the model is wrapped in {wrapper}; swap first and wrap the result")
    maker = maker_of(layer, settings)
    flow = _see(parts_of(model, activations), inputs)
    found = {path: placement_of(flow, path) for path in flow.parts.norms}
    places = {path: place for path, place in found.items() if isinstance(place, Placement)}
    planned = plan(flow, {path: why for path, why in found.items() if isinstance(why, str)})
    new = _layers(model, maker, planned, places, lone)
    report = _report(flow, planned, new, _remarks(flow, maker, places, new))
    _replace(model, new)
    _replace(
        model, {path: nn.Identity() for entry in report.replaced for path in entry.activations}
    )
    leave_fast_paths(model)
    return report


def _see(parts: Parts, inputs: Any) -> Flow:
    """The flow of a model, seen as well as it can be."""
    if inputs is not None:
        named = inputs if isinstance(inputs, Mapping) else {}
        args = () if named else inputs if isinstance(inputs, tuple) else (inputs,)
        try:
            return record(parts, args, named)
        except Exception as error:
            raise SwapError(f"the model does not run on these inputs: {_first(error)}") from error
    obstacles = []
    dummies = dummy_inputs(parts.model)
    if dummies is not None:
        try:
            return record(parts, (), dummies)
        except Exception as error:
            obstacles.append(f"it does not run on its dummy inputs ({_first(error)})")
    try:
        return trace(parts)
    except Exception as error:
        obstacles.append(f"torch.fx cannot trace it ({_first(error)})")
    return order(parts, "; ".join(obstacles))


def _first(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]:.120}"


def _layers(
    model: nn.Module, maker: Maker, planned: Plan, places: Mapping[str, Placement], lone: Lone
) -> dict[str, nn.Module]:
    """The new layers, by path."""
    norm = model.get_submodule
    new = {p.norm: maker.make(places[p.norm], norm(p.norm), model, True) for p in planned.pairs}
    for path in planned.lone if lone != "keep" else ():
        new[path] = maker.make(places[path], norm(path), model, lone == "layer")
        keep_affine(norm(path), new[path])
    return new


def _replace(model: nn.Module, new: Mapping[str, nn.Module]) -> None:
    """Put modules in the places of others, wherever the model has those."""
    by_id = {id(model.get_submodule(path)): module for path, module in new.items()}
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if id(child) in by_id:
                setattr(parent, name, by_id[id(child)])


def _report(
    flow: Flow, planned: Plan, new: Mapping[str, nn.Module], remarks: tuple[str, ...]
) -> Report:
    model = flow.parts.model
    activations = {pair.norm: tuple(sorted(pair.activations)) for pair in planned.pairs}
    stay = {
        **{
            path: f"no activation follows; it is read by {why}"
            for path, why in planned.lone.items()
        },
        **planned.kept,
    }
    replaced, left_alone = [], []
    for path, module in model.named_modules():
        was = type(module).__name__
        if path in new:
            now = repr(new[path]).replace("\n", "")
            replaced.append(Replaced(path, was, activations.get(path, ()), now))
        elif path in stay:
            left_alone.append(LeftAlone(path, was, stay[path]))
    return Report(tuple(replaced), tuple(left_alone), flow.how, remarks)


def _remarks(
    flow: Flow, maker: Maker, places: Mapping[str, Placement], new: Mapping[str, nn.Module]
) -> tuple[str, ...]:
    remarks = []
    if flow.obstacle:
        remarks.append(f"{flow.obstacle}; give `inputs` to see more")
    tokens = sum(1 for path in new if places[path].at_end and places[path].ndim in (None, 3))
    if maker.mixes and tokens:
        remarks.append(
            f"{tokens} layers may be given tokens, and this layer takes statistics over them: "
            "earlier ones see later ones, and padding, so it does not suit causal models"
        )
    return tuple(remarks)
