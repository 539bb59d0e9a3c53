"""The autograd function of a layer: its own backward pass, from the input and few statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search_spaces.codegen_body import first_lines
from search_spaces.codegen_expressions import ATOM
from search_spaces.codegen_forward import lower
from search_spaces.codegen_passes import Passes
from search_spaces.codegen_plan import Plan
from search_spaces.codegen_reverse import gradients
from search_spaces.codegen_text import MAX_LINE, words_of, wrap
from search_spaces.derivation import Derivation
from search_spaces.index_sets import SPACE

# Arguments that are no tensors, and their types.
SETTINGS = {"eps": "float", "groups": "int"}
# What a line does to a tensor that has a name already.
_IN_PLACE = re.compile(r"_\(|\bout=")

_ALIASES = """\
_generated: Any = NormActFunction.apply  # torch gives it no types
_forward: Any = NormActFunction.forward
_forward.__signature__ = inspect.signature(_forward)  # else torch derives it at every call
"""


@dataclass(frozen=True, slots=True)
class Function:
    """Lines of the two passes, ending in `return`; `saved` are statistics, (y, *saved) is returned.

    Its first `estimates` are the batch statistics that running estimates follow.
    `kernel`: through torch's own, which compilers do not look into.
    """

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    saved: tuple[str, ...]
    estimates: int
    kernel: bool = False


def function_of(plan: Plan) -> Function | None:
    """The function of a plan; None if the layer's output is no full tensor."""
    derivation = Derivation(by_sample=plan.has_sample_statistics)
    lowered = lower(plan, derivation)
    if lowered is None:
        return None
    names = (*plan.parameters, "weight", "bias", "x")
    leaves = {derivation.leaf(name): name for name in names}
    roots = gradients(derivation, lowered.output, tuple(leaves))
    saved = (*lowered.estimates, *_saved(derivation, lowered.output, roots))
    saved = tuple(dict.fromkeys(saved))

    if any(derivation.is_number(number) for number in saved):
        return None  # a statistic that laws made a number
    forward = Passes(derivation, (*saved, lowered.output), leaves, plan.grouped)
    forward.write()
    saved_names = tuple(forward.names[number] for number in saved)
    y = forward.text(lowered.output)
    if plan.grouped:  # no view: torch forbids to write into views that a function returns
        y = f"torch.ops.aten._unsafe_view({y}, (x.shape[0], -1, x.shape[3]))"
    lines = _returning(forward.lines, (y, *saved_names))
    lines = _shaped(names[:-1], lines, plan.grouped)

    given = {**leaves, derivation.leaf("grad"): "grad"}
    given |= dict(zip(saved, saved_names, strict=True))
    backward = Passes(derivation, roots, given, plan.grouped)
    backward.write()
    grad = "grad = grad.to(x.dtype)"
    if plan.grouped:
        grad = "grad = torch.unflatten(grad.to(x.dtype), 1, (groups, -1))"
    *parameters, x = (
        _gradient(backward, *pair, plan.grouped) for pair in zip(names, roots, strict=False)
    )
    back = (grad, *_returning(backward.lines, (x, *parameters)))
    back = _shaped(names[:-1], back, plan.grouped)
    return Function(lines, back, saved_names, len(lowered.estimates))


def _returning(lines: list[str], values: tuple[str, ...]) -> tuple[str, ...]:
    """The lines and a return; a single value that has just got its name is returned without."""
    name, equals, value = lines[-1].partition(" = ")
    if values == (name,) and equals:
        return _read((*lines[:-1], f"return {value}"))
    return _read((*lines, f"return {', '.join(values)}"))


def _read(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without values that none of them reads: one that became part of another's call."""
    kept: list[str] = []
    words: set[str] = set()
    for line in reversed(lines):
        name, equals, value = line.partition(" = ")
        writes = not equals or not name.isidentifier() or _IN_PLACE.search(value)
        if writes or name in words:
            kept.append(line)
            words |= words_of((line,))
    return tuple(reversed(kept))


def _shaped(parameters: tuple[str, ...], lines: tuple[str, ...], grouped: bool) -> tuple[str, ...]:
    """The lines behind those that shape the arguments that they read."""
    words = words_of(lines)
    return (*first_lines((name for name in parameters if name in words), grouped), *lines)


def _flat(text: str, grouped: bool) -> str:
    return f"{text}.flatten(1, 2)" if grouped else text


def _gradient(backward: Passes, name: str, root: int, grouped: bool) -> str:
    """The gradient of an argument in the shape of the argument."""
    derivation = backward.of
    if root == derivation.zero:
        return "None"
    if name == "x":
        text = backward.text(root)
        return _flat(text if derivation.is_full(root) else f"{text}.expand_as(x)", grouped)
    text = backward.small.text(root, ATOM)
    if derivation.axes[root] != derivation.axes[derivation.leaf(name)]:
        text = f"{text}.expand_as({name})"
    return f"{text}.reshape(-1)"


def _saved(derivation: Derivation, output: int, roots: tuple[int, ...]) -> tuple[int, ...]:
    """Small values of the forward pass that the backward pass reads, statistics among them."""
    forward = set(derivation.below(output))
    from_statistics: set[int] = set()
    for number in derivation.below(output):
        inputs = derivation.inputs[number]
        follows = derivation.is_statistic(number) or from_statistics.intersection(inputs)
        if follows and not derivation.is_full(number):
            from_statistics.add(number)
    saved: dict[int, None] = {}
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        number = stack.pop()
        if number in seen:
            continue
        seen.add(number)
        once = number in forward and number in from_statistics
        if derivation.is_statistic(number) or (once and SPACE not in derivation.axes[number]):
            saved[number] = None
        else:
            stack.extend(derivation.inputs[number])
    return tuple(sorted(saved))


def function_text(function: Function, arguments: tuple[str, ...]) -> str:
    """The class `NormActFunction`; `arguments` are those of the plain layer, x first."""
    settings = tuple(name for name in arguments if name in SETTINGS)
    tensors = tuple(name for name in arguments if name not in SETTINGS)
    words = words_of(function.backward)
    names = (*tensors, *(name if name in words else "_" for name in function.saved))
    setup = [f"{', '.join((*tensors, *(f'ctx.{name}' for name in settings)))} = inputs"]
    returns, first = "torch.Tensor", "[0]" if function.estimates else ""
    kept = ", ".join(tensors)
    if function.saved:
        returns, kept = "tuple[torch.Tensor, ...]", f"{kept}, *output[1:]"
        setup.append("ctx.mark_non_differentiable(*output[1:])")
    layer = f"lambda *inputs: plain({', '.join(('*inputs', *settings))}){first}"
    returned = "pullback(grad)"
    if settings:
        returned = f"(*pullback(grad){', None' * len(settings)})"
    backward = [
        ", ".join(("grad", *settings))
        + " = "
        + ", ".join(("gradients[0]", *(f"ctx.{name}" for name in settings))),
        f"{', '.join(names)} = ctx.saved_tensors",
        "if torch.is_grad_enabled():  # for second derivatives no statistic may stand in",
        "    plain: Any = norm_act",
        f"    _, pullback, *_ = torch.func.vjp({layer}, {', '.join(tensors)})",
        f"    return {returned}",
        *function.backward[:-1],
        function.backward[-1] + ", None" * len(settings),
    ]
    methods = [
        ["@staticmethod", *signature("forward", arguments, returns, 4), *_indent(function.forward)],
        [
            "@staticmethod",
            "def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:",
            *_indent([*setup, f"ctx.save_for_backward({kept})"]),
        ],
        [
            "@staticmethod",
            "def backward(ctx: Any, *gradients: Any) -> Any:",
            *_indent(backward),
        ],
    ]
    about = '"""norm_act with its own backward pass; it keeps the input and few statistics."""'
    blocks = [[about], *methods]
    text = "\n\n".join("\n".join(f"    {line}" for line in block) for block in blocks)
    return f"class NormActFunction(torch.autograd.Function):\n{text}\n\n\n{_ALIASES}"


def signature(
    name: str,
    arguments: tuple[str, ...],
    returns: str,
    indent: int = 0,
    optional: tuple[str, ...] = (),
    types: Mapping[str, str] = SETTINGS,
) -> list[str]:
    """The head of a function, one argument a line where they do not fit on one.

    `types` are those of arguments that are no tensors.
    """
    typed = [f"{each}: {types.get(each, 'torch.Tensor')}" for each in arguments]
    typed += [f"{each}: torch.Tensor | None = None" for each in optional]
    line = f"def {name}({', '.join(typed)}) -> {returns}:"
    if len(line) + indent <= MAX_LINE:
        return [line]
    inner = f"    {', '.join(typed)}"
    if len(inner) + indent <= MAX_LINE:
        return [f"def {name}(", inner, f") -> {returns}:"]
    return [f"def {name}(", *(f"    {each}," for each in typed), f") -> {returns}:"]


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"    {part}" for line in lines for part in wrap(line, indent=8)]
