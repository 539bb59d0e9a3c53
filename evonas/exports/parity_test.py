"""`test_layer.py` of an export: the layer against numbers that were stored when it was written."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor, nn

from evonas.exports.files import WRITTEN_BY
from evonas.exports.parity_template import TEMPLATE
from evonas.version import version

CHANNELS, GROUPS = 4, 2
_SHAPE = (3, CHANNELS, 2, 3)
_WIDTH = 92  # characters of a line of numbers
_DRAWS = 20
_LEAST_TOLERANCE = 1e-5  # of float32
_MARGIN = 10  # times the rounding of this machine


@dataclass(frozen=True, slots=True)
class Example:
    """Inputs in float64 and what a layer makes of them.

    float32: the largest difference that float32 makes; differentiable: whether finite differences
    agree with the gradients.
    """

    state: dict[str, Tensor]
    values: dict[str, Tensor]
    float32: float
    differentiable: bool


def parity_test(source: str, class_name: str, digest: str) -> str:
    """The test of an exported module, which needs pytest and torch alone."""
    example = _example(source, class_name)
    values = "\n".join(f"{name} = {_literal(value)}" for name, value in example.values.items())
    state = "\n".join(f'    "{name}": {_literal(v, 4)},' for name, v in example.state.items())
    filled = {
        "WRITTEN_BY": f"{WRITTEN_BY} {version()}",
        "DIGEST": digest,
        "CHANNELS": str(CHANNELS),
        "GROUPS": str(GROUPS),
        "TOLERANCE": f"{max(_LEAST_TOLERANCE, _MARGIN * example.float32):.1e}",
        "STATE": state,
        "NUMBERS": values,
        "SKIP": "" if example.differentiable else _SKIP,
    }
    text = TEMPLATE
    for name, value in filled.items():
        text = text.replace(f"<{name}>", value)
    return text


_SKIP = (
    '@pytest.mark.skip(reason="finite differences were too coarse at every point that was tried")\n'
)


def _literal(value: Tensor, indent: int = 0) -> str:
    """A tensor as an expression of the test module; float64 is exact."""
    margin = " " * indent
    lines = textwrap.wrap(" ".join(map(repr, value.flatten().tolist())), _WIDTH - indent)
    text = "".join(f"{margin}    {line}\n" for line in lines)
    quotes = f'{margin}    """'
    return f"numbers(\n{quotes}\n{text}{quotes},\n{margin}    {tuple(value.shape)},\n{margin})"


def _example(source: str, class_name: str) -> Example:
    """An example at a point where finite differences work, if one of a few draws is."""
    examples = (_draw(_class(source, class_name), seed) for seed in range(_DRAWS))
    first = None
    for example in examples:
        if example.differentiable:
            return example
        first = first or example
    assert first is not None
    return first


def _class(source: str, class_name: str) -> type[nn.Module]:
    module = ModuleType("layer")
    exec(compile(source, "layer.py", "exec"), module.__dict__)
    layer: type[nn.Module] = getattr(module, class_name)
    return layer


def _draw(layer: type[nn.Module], seed: int) -> Example:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        """Normal numbers that a line holds many of."""
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
        return values.mul(100).round().div(100)

    state = {name: value.double() for name, value in _new(layer).state_dict().items()}
    for name in dict(_new(layer).named_parameters()):
        state[name] = (state[name] + draw(*state[name].shape) / 2).mul(100).round().div(100)
    images, cotangent = draw(*_SHAPE), draw(*_SHAPE)
    values = _computed(layer, state, images, cotangent)
    single = _computed(layer, state, images.float(), cotangent.float())
    differences = [float(_finite(single[name] - values[name]).abs().max()) for name in values]
    return Example(
        state,
        {"IMAGES": images, "COTANGENT": cotangent, **values},
        max(differences),
        _is_differentiable(layer, state, images),
    )


def _new(layer: type[nn.Module], **settings: torch.dtype) -> nn.Module:
    return layer(CHANNELS, groups=GROUPS, **settings)


def _computed(
    layer: type[nn.Module], state: dict[str, Tensor], images: Tensor, cotangent: Tensor
) -> dict[str, Tensor]:
    built = _new(layer, dtype=images.dtype)
    built.load_state_dict(state)
    x = images.clone().requires_grad_()
    training = built(x)
    (gradient,) = torch.autograd.grad(training, x, cotangent, materialize_grads=True)
    evaluation = built.eval()(images)
    other = _new(layer, dtype=images.dtype)
    other.load_state_dict(state)
    return {
        "TRAINING": training.detach(),
        "GRADIENT": gradient,
        "EVALUATION": evaluation.detach(),
        "FEATURES": other(images[:, :, 0, 0]).detach(),
    }


def _finite(values: Tensor) -> Tensor:
    return torch.nan_to_num(values, 0.0, 0.0, 0.0)


def _is_differentiable(layer: type[nn.Module], state: dict[str, Tensor], images: Tensor) -> bool:
    """Whether the test of gradients passes: not beside a kink, nor where a slope is very steep."""
    built = _new(layer, dtype=torch.float64)
    built.load_state_dict(state)
    names = [name for name, _ in built.named_parameters()]

    def computed(x: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        found: Tensor = torch.func.functional_call(built, given, (x,))
        return found

    inputs = [images, *(value.detach() for value in built.parameters())]
    points = tuple(value.clone().requires_grad_() for value in inputs)
    return torch.autograd.gradcheck(computed, points, atol=1e-4, raise_exception=False)
