"""The checks that a function must pass to be a primitive: its name, signature and behaviour."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
import types
import typing
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from search_spaces.codegen_plan import SMOOTH_ABS
from search_spaces.errors import PrimitiveError
from search_spaces.graph import NAMED_INITIAL
from search_spaces.primitives import MOMENT_KINDS, VOCABULARY

MAX_ARITY = 3
Function = Callable[..., Tensor]

# Of names that generated modules use.
_RESERVED = frozenset(
    (
        *(*NAMED_INITIAL, *MOMENT_KINDS, SMOOTH_ABS),
        *(*dir(builtins), *keyword.softkwlist, *keyword.kwlist),
        *("torch", "nn", "functional", "math", "warnings", "Any", "self", "NormAct"),
        *("NormActFunction", "norm_act", "weight", "bias", "eps", "groups"),
        *("norm_layer", "Callable", "synchronize", "process_group"),
    )
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,39}", re.ASCII)
# Lines of the text form are a, b, ..., a1, b1, ...; generated code numbers values: gate_2.
_NUMBERED = re.compile(r"[a-z][0-9]*|.*_[0-9]*", re.ASCII)
_SHAPE = (2, 3, 4)
_BROADCAST = ((2, 3, 4), (1, 3, 1), (1,))
_ROUNDING = 1e-9  # relative, in float64: vectorised and scalar code differ in the last places


def check_name(name: str) -> None:
    """Raises PrimitiveError if a primitive of the user's own cannot have this name."""
    if name in VOCABULARY:
        raise PrimitiveError(f"{name!r} is a primitive already; rename your function")
    if name in _RESERVED or name.startswith("running_"):
        raise PrimitiveError(f"the name {name!r} is taken in generated code; rename your function")
    if not _NAME.fullmatch(name) or _NUMBERED.fullmatch(name):
        raise PrimitiveError(
            f"{name!r:.60} cannot name a primitive; allowed: 2 to 40 ASCII letters, digits and _, "
            "a letter first, not a letter and a number, and no number or _ at the end"
        )


def arity_of(function: object, name: str) -> int:
    """How many tensors it takes: its parameters without a default. Raises PrimitiveError."""
    if not isinstance(function, types.FunctionType) or function.__qualname__ != name:
        raise PrimitiveError(f"{name} must be a function defined with def at the top of its module")
    parameters = list(inspect.signature(function).parameters.values())
    tensors = [p for p in parameters if p.default is p.empty]
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in tensors):
        raise PrimitiveError(f"{name} must take its tensors by position, without * and **")
    if not 1 <= len(tensors) <= MAX_ARITY:
        raise PrimitiveError(
            f"{name} takes {len(tensors)} inputs; a primitive takes 1 to {MAX_ARITY} (parameters "
            "with a default do not count)"
        )
    try:
        hints = typing.get_type_hints(function)
    except Exception as error:
        raise PrimitiveError(f"the annotations of {name} cannot be read: {error}") from error
    for key in (*(p.name for p in tensors), "return"):
        if hints.get(key) is not Tensor:
            raise PrimitiveError(
                f"{name} must be annotated with torch.Tensor: "
                f"def {name}({', '.join(f'{p.name}: torch.Tensor' for p in tensors)})"
                f" -> torch.Tensor; {key!r} is not"
            )
    fixed = [p.name for p in parameters if p not in tensors and hints.get(p.name) is Tensor]
    if fixed:
        raise PrimitiveError(
            f"{name} has a tensor with a default: {fixed[0]}; a parameter with a default is a "
            "plain number, which it keeps"
        )
    missing = [p.name for p in parameters if p.name not in hints]
    if missing:
        raise PrimitiveError(f"{name} has a parameter without annotation: {missing[0]}")
    return len(tensors)


def check_behaviour(function: Function, name: str, arity: int) -> None:
    """Raises PrimitiveError if it is not element-wise, differentiable twice, finite, pure."""
    for dtype in (torch.float64, torch.float32):
        for shapes in _shapes(arity):
            _check_call(function, name, _inputs(shapes, dtype))
    full = _inputs((_SHAPE,) * arity)
    _check_elementwise(function, name, full)
    _check_gradients(function, name, arity)
    if _is_affine(function, full):
        raise PrimitiveError(
            f"{name} is affine in its inputs; write it with +, * and constants instead"
        )


def call(function: Function, name: str, inputs: tuple[Tensor, ...]) -> Tensor:
    """The result. Raises PrimitiveError for whatever the function raises or returns instead."""
    shapes = ", ".join(str(tuple(x.shape)) for x in inputs)
    try:
        result: object = function(*inputs)
    except Exception as error:
        raise PrimitiveError(
            f"{name} raised {type(error).__name__} on inputs of the shapes {shapes}: {error!s:.300}"
        ) from error
    if not isinstance(result, Tensor):
        raise PrimitiveError(f"{name} returned a {type(result).__name__}, not a tensor")
    expected = torch.broadcast_shapes(*(x.shape for x in inputs))  # type: ignore[no-untyped-call]
    if result.shape != expected:
        raise PrimitiveError(
            f"{name} returned the shape {tuple(result.shape)} for inputs of the shapes {shapes}; "
            f"expected {tuple(expected)}"
        )
    if result.dtype != inputs[0].dtype:
        raise PrimitiveError(f"{name} returned {result.dtype} for inputs of {inputs[0].dtype}")
    return result


def _check_call(function: Function, name: str, inputs: tuple[Tensor, ...]) -> None:
    before = tuple(x.clone() for x in inputs)
    result = call(function, name, inputs).clone()
    if any(x._version or not torch.equal(x, old) for x, old in zip(inputs, before, strict=True)):
        raise PrimitiveError(f"{name} changes its input in place; compute a new tensor")
    if not bool(torch.isfinite(result).all()):
        raise PrimitiveError(
            f"{name} is not finite on ordinary numbers between -6 and 6; guard it, as in "
            "torch.log(torch.abs(x) + 1e-5)"
        )
    if not torch.equal(call(function, name, inputs), result):
        raise PrimitiveError(f"{name} gives another result when it is called again; keep it pure")


def _check_elementwise(function: Function, name: str, inputs: tuple[Tensor, ...]) -> None:
    result = call(function, name, inputs)
    problem = f"{name} is not element-wise: "
    for at in range(result.numel()):
        changed = tuple(x.clone() for x in inputs)
        for x in changed:
            x.view(-1)[at] = 37.0
        differs = call(function, name, changed) != result
        differs.view(-1)[at] = False
        if bool(differs.any()):
            raise PrimitiveError(problem + "one input element changes other elements of the output")
    order = torch.randperm(result.numel(), generator=_generator())
    moved = call(function, name, tuple(x.flatten()[order].view(_SHAPE) for x in inputs))
    if not close(moved, result.flatten()[order].view(_SHAPE)):
        raise PrimitiveError(problem + "its output depends on where an element stands")
    for dimension, size in enumerate(_SHAPE):
        part = call(function, name, tuple(x.narrow(dimension, 0, size - 1) for x in inputs))
        if not close(part, result.narrow(dimension, 0, size - 1)):
            raise PrimitiveError(problem + "its output depends on the shape of its inputs")


def _check_gradients(function: Function, name: str, arity: int) -> None:
    inputs = tuple(x.requires_grad_() for x in _inputs(((7,),) * arity))
    result = call(function, name, inputs)
    gradients: tuple[Tensor | None, ...] = (None,)
    if result.requires_grad:
        gradients = torch.autograd.grad(result.sum(), inputs, allow_unused=True)
    if any(gradient is None for gradient in gradients):
        raise PrimitiveError(f"{name} is not differentiable in every input")
    for check, what in (
        (torch.autograd.gradcheck, "gradient"),
        (torch.autograd.gradgradcheck, "second derivative"),
    ):
        try:
            check(function, inputs)
        except RuntimeError as error:
            raise PrimitiveError(
                f"the {what} of {name} is wrong or missing: {str(error).strip():.300}"
            ) from error


def _is_affine(function: Function, inputs: tuple[Tensor, ...]) -> bool:
    """Whether the function is affine in all inputs together."""
    step = tuple(3.0 * x.flip(0) for x in inputs)
    values = [function(*(x + k * s for x, s in zip(inputs, step, strict=True))) for k in (-1, 0, 1)]
    return close(values[0] + values[2], 2 * values[1])


def close(left: Tensor, right: Tensor) -> bool:
    """Whether two float64 tensors agree up to rounding, what is not finite included."""
    return torch.allclose(left, right, rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True)


def _shapes(arity: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Full tensors, and a vector or number in each place beside them; also grouped ones."""
    yield ((2, 2, 3, 5),) * arity
    yield from (((shape,) * arity) for shape in _BROADCAST)
    for place in range(arity if arity > 1 else 0):
        for small in _BROADCAST[1:]:
            yield tuple(small if i == place else _SHAPE for i in range(arity))


def _inputs(
    shapes: tuple[tuple[int, ...], ...], dtype: torch.dtype = torch.float64
) -> tuple[Tensor, ...]:
    """Numbers between -6 and 6, none too near 0, where a function may have a corner."""
    generator = _generator()
    drawn = (
        12 * torch.rand(shape, generator=generator, dtype=torch.float64) - 6 for shape in shapes
    )
    return tuple((x + 0.1 * torch.sign(x)).to(dtype) for x in drawn)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(20200406)
