"""Known layers as graphs: baselines of every comparison, seeds of a warm start, oracles of tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from search_spaces.canonical import digest
from search_spaces.graph import Graph
from search_spaces.errors import GraphError, nearest
from search_spaces.text import parse


@dataclass(frozen=True, slots=True)
class ZooLayer:
    """A known layer: its name, its formula before the closing `* gamma + beta`, and where it comes from."""

    name: str
    text: str
    source: str


_BN = "v1 * (x - mean[bs](x)) / std[bs](x) + v0"
_GN = "v1 * (x - mean[sg](x)) / std[sg](x) + v0"

_LAYERS = (
    ZooLayer("BN-ReLU", f"max({_BN}, 0)", "Ioffe and Szegedy 2015"),
    ZooLayer("BN-SiLU", f"a = {_BN}\na * sigmoid(a)", "Ramachandran et al. 2017"),
    ZooLayer("GN-ReLU", f"max({_GN}, 0)", "Wu and He 2018"),
    ZooLayer("EvoNorm-B0", "x / max(std[bs](x), v1 * x + std[s](x))", "Liu et al. 2020"),
    ZooLayer("EvoNorm-S0", "x * sigmoid(v1 * x) / std[sg](x)", "Liu et al. 2020"),
    ZooLayer("ReLU", "max(x, 0)", "Nair and Hinton 2010"),
)

ZOO: dict[str, ZooLayer] = {layer.name: layer for layer in _LAYERS}


def zoo_graph(name: str) -> Graph:
    """The graph of a zoo layer; the name is matched without regard to case. Raises GraphError."""
    by_lower = {known.lower(): known for known in ZOO}
    if name.lower() not in by_lower:
        hint = nearest(name, ZOO)
        raise GraphError(f"unknown zoo layer {name!r:.60}{hint}; 'evonas zoo' lists them")
    return parse(ZOO[by_lower[name.lower()]].text)


@cache
def zoo_digests() -> dict[str, str]:
    """Name of the zoo layer by digest."""
    return {digest(zoo_graph(name)): name for name in ZOO}
