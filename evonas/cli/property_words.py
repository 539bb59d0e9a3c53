"""The static properties of a layer, as plain values and as people read them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from search_spaces.codegen import form
from search_spaces.errors import counted
from search_spaces.graph import Graph
from search_spaces.index_sets import BATCH, BETWEEN_GROUPS, CHANNELS, SPACE, WITHIN_GROUP, Axes
from search_spaces.properties import properties
from search_spaces.requirements import PROPERTY_REQUIREMENTS, is_met
from search_spaces.varies import varying_axes

# Elementary axis -> its word; both axes of the channels together are `channels`.
_AXES = {
    BATCH: "batch",
    SPACE: "positions",
    BETWEEN_GROUPS: "groups",
    WITHIN_GROUP: "channels of a group",
}
# How the generated code trains.
_FORMS = {
    "plain": "plain: autograd keeps what it needs",
    "generated": "generated: a backward pass of its own; it keeps the input and small statistics",
    "kernel": "kernel: torch's own norm; it keeps the input and small statistics",
}
_NO_SHIFT = "no invariance proved"
_ALL = ("batch", "positions", "channels")


def property_facts(graph: Graph) -> dict[str, Any]:
    """All properties of a canonical graph, the axes of its values, the requirements that it meets;
    JSON-able.
    """
    found = properties(graph)
    steps: list[tuple[str, tuple[int, ...]]] = [
        *((name, ()) for name in graph.initial),
        *((node.op, node.inputs) for node in graph.nodes),
    ]
    return {
        **asdict(found),
        "values": [
            {"value": value, "inputs": list(inputs), "varies_over": axis_words(axes)}
            for (value, inputs), axes in zip(steps, varying_axes(graph), strict=True)
        ],
        "form": form(graph),
        "meets": [name for name in PROPERTY_REQUIREMENTS if is_met(found, name)],
    }


def flat_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with one plain value for each key, as CSV has them."""
    flat = {key: value for key, value in facts.items() if key not in ("cost", "values", "meets")}
    return {
        **flat,
        **{f"cost_{key}": value for key, value in facts["cost"].items()},
        "values": _values(facts["values"]),
        "meets": " ".join(facts["meets"]),
    }


def axis_words(axes: Axes) -> list[str]:
    """The axes as words, `channels` for both of the channels'."""
    if axes >= CHANNELS:
        return [*axis_words(axes - CHANNELS), "channels"]
    return [word for axis, word in _AXES.items() if axis in axes]


def property_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """A line for each property: its name and what holds."""
    mixed = [what for what in ("batch", "positions", "channels") if facts[f"mixes_{what}"]]
    lines = [
        ("size", _operations(facts["active_nodes"], facts["moments"])),
        ("values", _values(facts["values"])),
        ("depends on x", _dependence(facts)),
        ("mixes", ", ".join(mixed) or "nothing: every element for itself"),
    ]
    if facts["mixes_batch"]:
        lines.append(("", "differs between training and evaluation: running estimates"))
    limit = ", in training" if facts["mixes_batch"] else ""
    cost = facts["cost"]
    return [
        *lines,
        ("scaling of x", _scaling(facts["degree"]) + limit * (facts["degree"] is not None)),
        ("shift of x", f"f(x + c) = f(x){limit}" if facts["shift_invariant"] else _NO_SHIFT),
        ("affine", _affine(facts)),
        (
            "cost",
            f"element-wise passes over a full tensor: {cost['passes']}, the closing affine "
            f"counted; reductions: {cost['reductions']}; bytes read and written for an element "
            f"of x in float32: {cost['bytes']}; full tensors kept for the backward pass: "
            f"{cost['kept']}; all this in plain form",
        ),
        ("form", _FORMS[facts["form"]]),
        ("meets", ", ".join(facts["meets"]) or "none of the requirements by name"),
    ]


def _operations(count: int, moments: int) -> str:
    kind = "a moment" if moments == 1 else "moments"
    return f"{counted(count, 'operation')}, {moments} of them {kind}"


def _values(values: list[dict[str, Any]]) -> str:
    """How many values vary over which axes, such as `3 full tensors, 1 over channels`."""
    counts = Counter(tuple(value["varies_over"]) for value in values)
    parts = []
    for axes, count in sorted(counts.items(), key=lambda pair: -len(pair[0])):
        if axes == _ALL:
            parts.append(counted(count, "full tensor"))
        elif axes:
            parts.append(f"{count} over {' x '.join(axes)}")
        else:
            parts.append(counted(count, "single number"))
    return ", ".join(parts)


def _dependence(facts: dict[str, Any]) -> str:
    if facts["elementwise_path"]:
        return "yes, by an element-wise path"
    if facts["depends_on_x"]:
        return "through statistics alone: all positions collapse into them"
    return "no: a constant"


def _scaling(degree: float | None) -> str:
    if degree is None:
        return "no law proved"
    power = {0.0: "", 1.0: "k "}.get(degree, f"k^{degree:g} ")
    return f"f(k x) = {power}f(x) for k > 0 (degree {degree:g})"


def _affine(facts: dict[str, Any]) -> str:
    if facts["affine"]:
        return "yes: a network of such layers is linear"
    if facts["only_normalizes"]:
        return "but for its statistics: it normalizes and does not activate"
    return "not proved"
