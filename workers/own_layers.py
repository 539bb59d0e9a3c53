"""Layers of the user's own by dotted name: classes of `nn.Module`, scored as graphs are."""

import hashlib
import inspect
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from search_spaces.dotted import DottedNameError, load_object, source_hash
from workers.anchors import NormAct
from workers.evaluation import Evaluation, evaluate_layer
from workers.pools.execution import failure_of
from workers.settings import EvaluationConfig
from workers.unfit import BrokenLayerError, UnfitLayerError
from workers.verdict import Verdict

_BUILT = "a class is called as cls(num_features) or cls(num_features, apply_act=...)"
_CALLED = "a layer takes images (B, C, H, W) and tokens (B, T, C)"


class ChannelAffine(nn.Module):
    """`x * weight + bias`, one of each per channel: what stands where no activation is wanted.

    Takes images (B, C, H, W), tokens (B, T, C) or features (B, C).
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shape it is given."""
        shape = (-1, 1, 1) if x.ndim == 4 else (-1,)
        return x * self.weight.view(shape) + self.bias.view(shape)


def own_layer(name: str) -> NormAct:
    """The class as the anchors call it. Raises DottedNameError for what is no such class; its
    layers raise UnfitLayerError if they change the shape or write to their input, and
    BrokenLayerError for what their own code raises, built or called; out of memory is no fault of
    theirs and stays what it is.

    Its constructor takes the number of channels first; `apply_act` and `groups` are passed if it
    names them. Without `apply_act`, an affine stands where the anchor wants no activation, as in
    the layers of this package.
    """
    found = load_object(name)
    if not (inspect.isclass(found) and issubclass(found, nn.Module)):
        raise DottedNameError(f"{name} is no class of torch.nn.Module; name the class itself")
    known = inspect.signature(found).parameters
    guarded = _guarded(found, name)

    def make(num_features: int, apply_act: bool = True, groups: int = 32) -> nn.Module:
        if not apply_act and "apply_act" not in known:
            return ChannelAffine(num_features)
        given = {"apply_act": apply_act, "groups": groups}
        try:
            layer: nn.Module = found(
                num_features, **{key: value for key, value in given.items() if key in known}
            )
        except Exception as error:
            _tell(error, name, _BUILT)
        # Of the class that tells, and not a wrapper of it: names of parameters stay what they are.
        layer.__class__ = guarded
        _watch(layer, name)
        return layer

    return make


def _guarded(found: type[nn.Module], name: str) -> type[nn.Module]:
    """The class with BrokenLayerError for what a call of its layers raises."""

    def call(layer: nn.Module, *args: Any, **kwargs: Any) -> Any:
        try:
            return found.__call__(layer, *args, **kwargs)
        except UnfitLayerError:
            raise
        except Exception as error:
            _tell(error, name, _CALLED)

    return type(found.__name__, (found,), {"__call__": call, "__module__": found.__module__})


def _tell(error: Exception, name: str, contract: str) -> NoReturn:
    if failure_of(error) == Verdict.OUT_OF_MEMORY:
        raise error
    raise BrokenLayerError(name, error, contract) from error


def _watch(layer: nn.Module, name: str) -> None:
    """Has a layer raise UnfitLayerError where a network would go on with something else in silence:
    if what it returns has another shape than it took, and if it writes to what it took.
    """
    before = 0

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal before
        before = _version(inputs[0])

    def check(_: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        shape = tuple(inputs[0].shape)
        if not isinstance(output, Tensor) or tuple(output.shape) != shape:
            found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise UnfitLayerError(f"{name} gives {found} for {shape}; return the shape it takes")
        if _version(inputs[0]) != before:
            raise UnfitLayerError(
                f"{name} writes to its input, which a network may need elsewhere; leave out what "
                "works in place (`inplace=True`, `add_`)"
            )

    layer.register_forward_pre_hook(note)
    layer.register_forward_hook(check)


def _version(x: Tensor) -> int:
    """How often a tensor was written to, which torch does not count in inference mode."""
    return 0 if x.is_inference() else x._version


def own_digest(name: str) -> str:
    """Stands for the digest of a graph: a hash of the name and of the file that defines it."""
    content = f"{name} {source_hash(name)}"
    return f"own-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def evaluate_own(
    name: str, config: EvaluationConfig, seed_index: int = 0, stop_at_rejection: bool = True
) -> Evaluation:
    """As `workers.evaluation.evaluate`, for the class of a dotted name.

    Raises DottedNameError; UnfitLayerError if an anchor requires what is proved of graphs alone.
    """
    if config.requirements:
        raise UnfitLayerError(
            f"{name}: an anchor needs layers that are {', '.join(config.requirements)}, which "
            "cannot be proved of a class; leave that anchor out, or write the layer as a text form"
        )
    return evaluate_layer(own_layer(name), "", config, seed_index, stop_at_rejection)
