"""Known layers as graphs: baselines of comparisons, seeds of a warm start, oracles of tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from search_spaces.canonical import digest
from search_spaces.errors import GraphError, nearest
from search_spaces.graph import Graph
from search_spaces.text import parse


@dataclass(frozen=True, slots=True)
class ZooLayer:
    """A known layer: its name, its formula before the closing `* gamma + beta`, and its source."""

    name: str
    text: str
    source: str


def _normalized(index_set: str) -> str:
    """The argument standardised over an index set, with the affine that precedes the activation."""
    return f"v1 * (x - mean[{index_set}](x)) / std[{index_set}](x) + v0"


def _silu(argument: str) -> str:
    return f"a = {argument}\na * sigmoid(a)"


def _gelu(argument: str) -> str:
    return f"a = {argument}\n0.5 * a * (1 + erf(0.7071067811865476 * a))"


_SELU = "1.0507009873554805 * (max(x, 0) + 1.6732632423543772 * (exp(-max(-x, 0)) - 1))"

_LAYERS = (
    ZooLayer("BN-ReLU", f"max({_normalized('bs')}, 0)", "Ioffe and Szegedy 2015"),
    ZooLayer("BN-SiLU", _silu(_normalized("bs")), "Ramachandran et al. 2017"),
    ZooLayer("GN-ReLU", f"max({_normalized('sg')}, 0)", "Wu and He 2018"),
    ZooLayer("GN-SiLU", _silu(_normalized("sg")), "Wu and He 2018"),
    # Layer norm as in convolutional networks, over all of a sample, and as in transformers.
    ZooLayer("LN-ReLU", f"max({_normalized('sc')}, 0)", "Ba et al. 2016"),
    ZooLayer("LN-GELU", _gelu(_normalized("c")), "Ba et al. 2016"),
    ZooLayer("IN-ReLU", f"max({_normalized('s')}, 0)", "Ulyanov et al. 2016"),
    ZooLayer("RMSNorm", "x / rms[c](x)", "Zhang and Sennrich 2019"),
    ZooLayer("RMSNorm-SiLU", _silu("v1 * x / rms[c](x)"), "Zhang and Sennrich 2019"),
    ZooLayer("SELU", _SELU, "Klambauer et al. 2017"),
    # The threshold is v0; the affine that precedes it in the paper follows it here, which is the
    # same layer for positive gamma.
    ZooLayer("FRN-TLU", "max(x / rms[s](x), v0)", "Singh and Krishnan 2020"),
    ZooLayer("EvoNorm-B0", "x / max(std[bs](x), v1 * x + std[s](x))", "Liu et al. 2020"),
    ZooLayer("EvoNorm-B1", "x / max(std[bs](x), (x + 1) * rms[s](x))", "Liu et al. 2020"),
    ZooLayer("EvoNorm-B2", "x / max(std[bs](x), rms[s](x) - x)", "Liu et al. 2020"),
    ZooLayer("EvoNorm-S0", "x * sigmoid(v1 * x) / std[sg](x)", "Liu et al. 2020"),
    ZooLayer("EvoNorm-S1", "x * sigmoid(x) / std[sg](x)", "Liu et al. 2020"),
    ZooLayer("EvoNorm-S2", "x * sigmoid(x) / rms[sg](x)", "Liu et al. 2020"),
    ZooLayer("DyT", "tanh(alpha * x)", "arXiv 2503.10622"),
    ZooLayer("Derf", "erf(alpha * x + shift)", "arXiv 2512.10938"),
    # The forward definition: the quadratic mean of the batch, with the exact backward pass.
    ZooLayer("PowerNorm", "x / rms[bs](x)", "Shen et al. 2020"),
    ZooLayer(
        "BCN",
        f"a = {_normalized('bs')}\n(a - mean[sg](a)) / std[sg](a)",
        "batch-channel normalization, Qiao et al. 2019",
    ),
    # No known layer but a control: it starts fast in shallow proxies and normalizes nothing.
    ZooLayer("rectifier", "max(x, -v1)", "control without normalization"),
    ZooLayer("ReLU", "max(x, 0)", "Nair and Hinton 2010"),
    ZooLayer("SiLU", "x * sigmoid(x)", "Elfwing et al. 2018"),
    ZooLayer("tanh", "tanh(x)", "LeCun et al. 1998"),
    ZooLayer("GELU", "0.5 * x * (1 + erf(0.7071067811865476 * x))", "Hendrycks and Gimpel 2016"),
)

ZOO: dict[str, ZooLayer] = {layer.name: layer for layer in _LAYERS}


def known_as(name: str) -> str | None:
    """The name as the zoo writes it, None if it has no such layer; case does not matter, nor `_`
    for `-`.
    """
    by_lower = {known.lower(): known for known in ZOO}
    return by_lower.get(name.lower().replace("_", "-"))


def zoo_name(name: str) -> str:
    """The name as the zoo writes it. Raises GraphError."""
    known = known_as(name)
    if known is None:
        hint = nearest(name, ZOO)
        raise GraphError(f"unknown zoo layer {name!r:.60}{hint}; 'evonas zoo' lists them")
    return known


def zoo_graph(name: str) -> Graph:
    """The graph of a zoo layer; the name is matched without regard to case. Raises GraphError."""
    return parse(ZOO[zoo_name(name)].text)


@cache
def zoo_digests() -> dict[str, str]:
    """Name of the zoo layer by digest."""
    return {digest(zoo_graph(name)): name for name in ZOO}
