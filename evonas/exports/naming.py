"""The name of an exported class: the known layer's, or one made of what the layer computes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from evonas.layers import Layer, short
from search_spaces.graph import Graph
from search_spaces.primitives import MOMENTS

# What statistics over an index set are called in layers that people know.
_SETS = {
    "bs": "Batch",
    "s": "Instance",
    "sc": "Layer",
    "sg": "Group",
    "c": "Channel",
    "g": "ChannelGroup",
}
# Arithmetic says nothing about what a layer does; `max` says that it rectifies.
_UNNAMED = frozenset(("add", "sub", "mul", "div", "neg"))
_MOST = 2  # words of each kind
_DIGITS = 4  # of the digest


def class_name(layer: Layer) -> str:
    """A name in capitalized words, such as EvoNormS0 or BatchInstanceNormMax454e."""
    if layer.zoo:
        return _capitalized("".join(re.findall(r"[A-Za-z0-9]+", layer.zoo)))
    sets, functions = _words(layer.graph)
    norm = "".join((*sets, "Norm")) if sets else ""
    function = "".join(functions) if functions else "" if sets else "Map"
    return f"{norm}{function}{short(layer.digest)[:_DIGITS]}"


def _words(graph: Graph) -> tuple[list[str], list[str]]:
    """The words for the index sets of its moments, and those for its functions."""
    ops = [node.op for _, node in graph.active_nodes()]
    sets = (_SETS[MOMENTS[op][1]] for op in ops if op in MOMENTS)
    functions = (
        "".join(map(_capitalized, op.split("_")))
        for op in ops
        if op not in MOMENTS and op not in _UNNAMED
    )
    return _first(sets), _first(functions)


def _first(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))[:_MOST]


def _capitalized(word: str) -> str:
    return word[:1].upper() + word[1:]
