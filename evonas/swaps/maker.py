"""Makes the layers that take the places of norms, from anything that names a layer."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from evonas.api.layer import Layer
from evonas.swaps.errors import SwapError
from evonas.swaps.layouts import Placed
from evonas.swaps.placement import Placement
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.properties import properties

# Arguments that come from the place of a layer, not from settings.
_OF_THE_PLACE = frozenset(("num_features", "apply_act", "channels_last", "device", "dtype"))
# Norms that multiply by `weight` and add `bias` after they normalize, as layers do.
_SCALED = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)


class HasGraph(Protocol):
    """A layer that knows its graph."""

    @property
    def graph(self) -> Graph: ...


LayerLike: TypeAlias = str | Path | HasGraph | Callable[..., nn.Module]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes layers of one kind; `arguments` are those that the factory takes.

    `mixes`, `mixes_batch`: whether the layer takes statistics over positions or samples, and over
    samples, None if not known.
    """

    name: str
    factory: Callable[..., nn.Module]
    settings: Mapping[str, Any]
    arguments: frozenset[str]
    mixes: bool | None
    mixes_batch: bool | None

    def make(self, place: Placement, like: nn.Module, model: nn.Module, active: bool) -> nn.Module:
        """A layer in place of the norm `like`; without its activation, the affine, if not `active`.

        It has the device, dtype and mode of the norm. Raises SwapError if it cannot be made.
        """
        device, dtype = _home(like, model)
        given = {**self.settings, "device": device, "dtype": dtype}
        sequence_first = place.sequence_first and self.mixes is not False
        # Ours take up to four dimensions, and three as tokens (B, T, C); others images alone.
        ours = "channels_last" in self.arguments
        sizes = ((None, 2, 3, 4) if place.at_end else (2, 4)) if ours else ()
        adapted = sequence_first or (place.ndim not in sizes and (place.at_end or place.ndim != 4))
        if ours and place.at_end and not adapted:
            given["channels_last"] = True
        taken = {name: value for name, value in given.items() if name in self.arguments}
        try:
            layer = self.factory(place.channels, apply_act=active, **taken)
        except (TypeError, ValueError) as error:
            raise SwapError(
                f"{self.name} cannot be made for {place.channels} channels: {error}"
            ) from error
        if not isinstance(layer, nn.Module):
            raise SwapError(f"{self.name} makes no nn.Module but {layer!r:.60}")
        if not {"device", "dtype"} <= self.arguments:
            layer = layer.to(device=device, dtype=dtype)
        if adapted:
            layer = Placed(layer, place.at_end, sequence_first)
        return layer.train(like.training)


def maker_of(layer: LayerLike, settings: Mapping[str, Any]) -> Maker:
    """The maker of what `layer` names: a text form, a zoo name, a digest, a file, a Layer, a class,
    or a function norm_act(num_features, apply_act=True) that returns a module.

    Raises LayerError and TextError for names of nothing, SwapError for settings that the layer does
    not have.
    """
    if isinstance(layer, str | Path):
        layer = Layer(layer)
    mixes, mixes_batch, factory = None, None, layer
    if not isinstance(layer, type) and isinstance(graph := getattr(layer, "graph", None), Graph):
        known = properties(graph)
        mixes, mixes_batch = known.mixes_positions, known.mixes_batch
        factory = layer_class(graph)
    if not callable(factory) or isinstance(factory, nn.Module):
        raise SwapError(
            f"layer must be a text form, a zoo name, the path of an exported file, a class or a "
            f"function norm_act(num_features, apply_act=True), given {layer!r:.120}"
        )
    arguments = _arguments(factory)
    for name in settings:
        if name not in arguments or name in _OF_THE_PLACE:
            allowed = ", ".join(sorted(arguments - _OF_THE_PLACE)) or "none"
            given = "is given by the place of a layer" if name in _OF_THE_PLACE else "is unknown"
            raise SwapError(f"the layer has no setting {name!r}, which {given}; allowed: {allowed}")
    return Maker(_name(layer), factory, settings, arguments, mixes, mixes_batch)


def keeps_affine(norm: nn.Module) -> bool:
    """Whether the scale and shift of a lone norm go over to the layer, if it has any."""
    return isinstance(norm, _SCALED) or not any(True for _ in norm.parameters())


def keep_affine(norm: nn.Module, layer: nn.Module) -> None:
    """Give a layer the scale and shift of the lone norm whose place it takes."""
    inner = layer.layer if isinstance(layer, Placed) else layer
    for name in ("weight", "bias") if isinstance(norm, _SCALED) else ():
        old, new = getattr(norm, name, None), getattr(inner, name, None)
        if not (isinstance(old, Tensor) and isinstance(new, Tensor)):
            continue
        if old.shape == new.shape:
            with torch.no_grad():
                new.copy_(old)


def _arguments(factory: Callable[..., nn.Module]) -> frozenset[str]:
    """The names of what a factory takes. Raises SwapError if it does not take `apply_act`."""
    parameters: Mapping[str, inspect.Parameter] = {}
    with contextlib.suppress(ValueError):  # of builtins, which do not tell
        parameters = inspect.signature(factory).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if "apply_act" not in parameters and not takes_any:
        raise SwapError(
            f"{getattr(factory, '__name__', factory)!s:.60} takes no `apply_act`; give a class or "
            "a function norm_act(num_features, apply_act=True)"
        )
    return frozenset(parameters)


def _name(layer: LayerLike) -> str:
    known = getattr(layer, "name", None) or getattr(layer, "__name__", None)
    return str(known or type(layer).__name__)


def _home(norm: nn.Module, model: nn.Module) -> tuple[torch.device, torch.dtype | None]:
    """Device and dtype of a norm's parameters, else of its buffers, else of the model's."""
    for tensors in (norm.parameters(), norm.buffers(), model.parameters()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor.device, tensor.dtype
    return torch.device("cpu"), None
