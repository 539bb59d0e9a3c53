"""Replaces the normalizations and activations of a model by a layer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from torch import nn

from evonas.swaps.errors import SwapError
from evonas.swaps.layouts import leave_fast_paths
from evonas.swaps.maker import LayerLike, Maker, keep_affine, keeps_affine, maker_of
from evonas.swaps.placement import Placement, placement_of
from evonas.swaps.plan import Lone, Plan, plan
from evonas.swaps.report import Report, report_of
from evonas.swaps.rewritten import Rewritten, blocks_of, rewritten
from evonas.swaps.seen import see
from evonas.swaps.steps import Flow, parts_of
from search_spaces.errors import counted

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
    rewrite: bool = False,
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
        layer: what `evonas.Layer` takes or is; a class, such as an exported one; or a function
            norm_act(num_features, apply_act=True) that makes modules.
        inputs: what the model is called with, to be seen in a recorded pass: a tensor, a tuple of
            arguments, or a dict of named ones. Without it a model of Transformers is recorded on
            its own dummy inputs, another traced by torch.fx, and one that cannot be traced is
            known by the order in its nn.Sequential alone.
        lone: what becomes of norms that no activation follows. "keep" leaves them; "layer" puts the
            layer in their places, activation and all, with the scale and shift of the norm if
            that is one of torch's; "affine" leaves of them the scale and shift, without any
            normalization.
        rewrite: also replace norms whose activation is a function, as in `relu(self.norm(x))`, or a
            module that is called elsewhere too, as in torchvision's ResNet. The block that calls
            it gets a forward of its own, written by torch.fx; save such a model as state_dict,
            because it cannot be pickled.
        activations: classes of activations of your own.
        settings: of the layer, such as groups=8; its place gives device, dtype and layout.

    Raises SwapError for a model, a layer or settings that cannot be used, LayerError or TextError
    for a name of no layer; the model is as it was then.
    """
    if not isinstance(model, nn.Module):
        raise SwapError(f"the model must be an nn.Module, given {model!r:.60}; build it first")
    if lone not in get_args(Lone):
        raise SwapError(f"lone must be one of {', '.join(get_args(Lone))}, given {lone!r}")
    wrapper = next((b.__name__ for b in type(model).__mro__ if b.__name__ in _WRAPPERS), None)
    if wrapper:
        raise SwapError(f"the model is wrapped in {wrapper}; swap first and wrap the result")
    activations = (activations,) if isinstance(activations, type) else tuple(activations)
    if not all(isinstance(kind, type) for kind in activations):
        raise SwapError(f"activations must be classes, given {activations!r:.120}")
    maker = maker_of(layer, settings)
    flow = see(parts_of(model, activations), inputs)
    found = {path: placement_of(flow, path) for path in flow.parts.norms}
    places = {path: place for path, place in found.items() if isinstance(place, Placement)}
    planned = plan(flow, {path: why for path, why in found.items() if isinstance(why, str)})
    blocks, refused = _rewrite(flow, planned) if rewrite else ([], _could(planned))
    taken = {pair.norm: tuple(sorted(pair.activations)) for pair in planned.pairs}
    taken |= {path: (words,) for block in blocks for path, words in block.taken.items()}
    new = _layers(model, maker, places, taken, planned.lone if lone != "keep" else (), lone)
    stay = {p: f"no activation follows; it is read by {why}" for p, why in planned.lone.items()}
    stay |= {**planned.kept, **refused}
    remarks = _remarks(flow, maker, places, new, blocks, planned.lone, lone)
    report = report_of(flow, new, taken, stay, remarks)
    _replace(model, new)
    _replace(model, {path: nn.Identity() for pair in planned.pairs for path in pair.activations})
    for block in blocks:
        model.get_submodule(block.block).__class__ = block.new_class
    leave_fast_paths(model)
    return report


def _could(planned: Plan) -> dict[str, str]:
    return {p: f"{why}; `rewrite=True` may take it out" for p, why in planned.in_code.items()}


def _rewrite(flow: Flow, planned: Plan) -> tuple[list[Rewritten], dict[str, str]]:
    """Blocks without the activations in their code, and why other norms keep theirs."""
    done: list[Rewritten] = []
    refused: dict[str, str] = {}
    for block, norms in blocks_of(flow, planned.in_code).items():
        result = rewritten(flow.parts, block, norms)
        if isinstance(result, Rewritten):
            done.append(result)
        else:
            refused |= dict.fromkeys(norms, f"{block or 'the model'} is not rewritten: {result}")
    taken = {path for block in done for path in block.taken}
    other = "no block calls it and right after it the activation, each time"
    return done, {
        path: f"{why}, and {refused.get(path, other)}"
        for path, why in planned.in_code.items()
        if path not in taken
    }


def _layers(
    model: nn.Module,
    maker: Maker,
    places: Mapping[str, Placement],
    pairs: Iterable[str],
    lone: Iterable[str],
    choice: Lone,
) -> dict[str, nn.Module]:
    """The new layers, by path; what lone norms become is a choice."""
    norm = model.get_submodule
    new = {path: maker.make(places[path], norm(path), model, True) for path in pairs}
    for path in lone:
        new[path] = maker.make(places[path], norm(path), model, choice == "layer")
        keep_affine(norm(path), new[path])
    return new


def _remarks(
    flow: Flow,
    maker: Maker,
    places: Mapping[str, Placement],
    new: Iterable[str],
    blocks: Collection[Rewritten],
    lone: Collection[str],
    choice: Lone,
) -> tuple[str, ...]:
    """What holds for the whole model; `lone` are norms without an activation."""
    norm = flow.parts.model.get_submodule
    remarks = []
    if flow.obstacle:
        remarks.append(f"{flow.obstacle}; give `inputs` to see more")
    tokens = sum(1 for path in new if places[path].at_end and places[path].ndim in (None, 3))
    if maker.mixes and tokens:
        remarks.append(
            f"{counted(tokens, 'layer')} may be given tokens, and this layer takes statistics over "
            "them: earlier ones see later ones, and padding, so it does not suit causal models"
        )
    synced = sum(1 for path in new if isinstance(norm(path), nn.SyncBatchNorm))
    if maker.mixes_batch and synced:
        remarks.append(
            f"{counted(synced, 'layer')} in place of nn.SyncBatchNorm: in training it takes the "
            "statistics of its own process alone; `synchronize` of an exported layer changes that"
        )
    anew = sorted({type(norm(p)).__name__ for p in lone if not keeps_affine(norm(p))})
    if choice != "keep" and anew:
        remarks.append(
            f"what the weights of {', '.join(anew)} mean is not known: they are not kept"
        )
    if lone and choice == "keep":
        remarks.append(
            f'{counted(len(lone), "norm")} without an activation: `lone="layer"` puts the layer in '
            'such places too, `lone="affine"` scale and shift alone'
        )
    if blocks:
        remarks.append(
            f"rewritten blocks: {len(blocks)}; save the model as state_dict, it cannot be pickled"
        )
    return tuple(remarks)


def _replace(model: nn.Module, new: Mapping[str, nn.Module]) -> None:
    """Put modules in the places of others, wherever the model has those."""
    by_id = {id(model.get_submodule(path)): module for path, module in new.items()}
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if id(child) in by_id:
                setattr(parent, name, by_id[id(child)])
