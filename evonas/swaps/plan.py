"""Which norms have an activation of their own: the pairs of a model, and why the rest is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evonas.swaps.activations import is_activation_name
from evonas.swaps.steps import FUNCTION, MODULE, OUTPUT, UNKNOWN, Flow, Step

Lone: TypeAlias = Literal["keep", "layer", "affine"]
_UNSEEN = "nothing tells what reads it, because the model could not be traced: give `inputs`"


@dataclass(frozen=True, slots=True)
class Pair:
    """A norm, and the activations that its layer takes in; none if it has one inside."""

    norm: str
    activations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Pairs, and by path other norms with what is known of them, and activations that stay."""

    pairs: tuple[Pair, ...]
    lone: dict[str, str]  # what reads it instead of an activation
    kept: dict[str, str]  # why
    in_code: dict[str, str]  # why a norm with an activation of its own is no pair of modules


def plan(flow: Flow, obstacles: Mapping[str, str]) -> Plan:
    """The pairs of a model: norms that one activation alone reads, which reads nothing else.

    `obstacles` say why some norms cannot be replaced.
    """
    norms, kept = flow.parts.norms, dict(obstacles)
    pairs = {p: frozenset[str]() for p, norm in norms.items() if norm.active and p not in kept}
    lone: dict[str, str] = {}
    in_code: dict[str, str] = {}
    for path in norms.keys() - kept.keys() - pairs.keys():
        readers = [_read_by(flow, call) for call in flow.calls(path)]
        if not readers or any(step.kind == UNKNOWN for steps in readers for step in steps):
            kept[path] = _UNSEEN if flow.obstacle else _not_called(flow)
        elif all(_is_module(flow, steps) for steps in readers):
            pairs[path] = frozenset(steps[0].name for steps in readers)
        elif all(_is_module(flow, steps) or _is_function(steps) for steps in readers):
            in_code[path] = f"its activation is {_words([steps[0] for steps in readers])}"
        elif any(_is_module(flow, steps) or _is_function(steps) for steps in readers):
            kept[path] = "an activation follows some of its calls and not others"
        else:
            lone[path] = _words(readers[0])
    while spoilt := _spoilt(flow, pairs):
        for path, reason in spoilt.items():
            in_code[path] = reason
            del pairs[path]
    taken = frozenset[str]().union(*pairs.values())
    for path in sorted(flow.parts.activations - taken):
        kept[path] = _why_not(flow, path)
    order = [path for path, _ in flow.parts.model.named_modules()]
    found = tuple(Pair(path, pairs[path]) for path in order if path in pairs)
    by_path = [{p: some[p] for p in order if p in some} for some in (lone, kept, in_code)]
    return Plan(found, *by_path)


def _read_by(flow: Flow, call: int) -> list[Step]:
    return [flow.steps[reader] for reader in flow.readers(call)]


def _is_module(flow: Flow, readers: list[Step]) -> bool:
    """Whether an activation module reads a value, and nothing else does."""
    kind, names = [step.kind for step in readers], flow.parts.activations
    return kind == [MODULE] and readers[0].name in names


def _is_function(readers: list[Step]) -> bool:
    """Whether an activation function reads a value, and nothing else does."""
    return [step.kind for step in readers] == [FUNCTION] and is_activation_name(readers[0].name)


def _spoilt(flow: Flow, pairs: dict[str, frozenset[str]]) -> dict[str, str]:
    """Pairs whose activation is called after something else too, by the path of the norm."""
    reasons = {}
    for path, activations in pairs.items():
        for activation in sorted(activations):
            for call in flow.calls(activation):
                sources = [flow.steps[origin] for origin in flow.origins(call)]
                other = [s for s in sources if s.kind != MODULE or s.name not in pairs]
                if other and path not in reasons:
                    after = _words(other)
                    reasons[path] = f"its activation {activation} is called after {after} too"
    return reasons


def _why_not(flow: Flow, activation: str) -> str:
    calls = flow.calls(activation)
    if not calls:
        return _UNSEEN.replace("reads it", "it reads") if flow.obstacle else _not_called(flow)
    sources = [flow.steps[origin] for call in calls for origin in flow.origins(call)]
    return f"it follows {_words(sources)}"


def _not_called(flow: Flow) -> str:
    return f"it is not called in {flow.how}"


def _words(steps: list[Step]) -> str:
    """Steps in words, each once."""
    names = list(dict.fromkeys(_word(step) for step in steps))
    some = names[:3] + ([f"{len(names) - 3} more"] if len(names) > 3 else [])
    return ", ".join(some[:-1]) + (" and " if some[1:] else "") + some[-1] if some else "nothing"


def _word(step: Step) -> str:
    if step.kind == FUNCTION:
        return f"the function {step.name.strip('_')}"
    words = {OUTPUT: "the output of the model", MODULE: step.name, UNKNOWN: "what was not seen"}
    return words.get(step.kind, "an input")
