"""Layers that the protocols are tested and calibrated on, as text forms."""

from search_spaces.graph import Graph
from search_spaces.text import parse
from search_spaces.zoo import ZOO

NORMALIZED = ("BN-ReLU", "BN-SiLU", "GN-ReLU", "EvoNorm-B0", "EvoNorm-S0")

#: Un-normalized layers that win shallow and short proxies, and should not.
FAST_STARTERS = (
    "max(x, -v1)",
    "max(x, tanh(x))",
    "x / max(x, tanh(v1))",
    "x / max(tanh(std[bs](x)), x)",
)

#: Layers without what a deep network needs: no non-linearity, or neither it nor a norm.
HOPELESS = {
    "affine": "v1 * x + v0",
    "affine BN": "(x - mean[bs](x)) / std[bs](x)",
    "tanh": "tanh(x)",
}

#: Normalized layers of the kind that a search finds first, and cousins of known ones.
REASONABLE = {
    "LN-ReLU": "max((x - mean[sc](x)) / std[sc](x), 0)",
    "IN-ReLU": "max((x - mean[s](x)) / std[s](x), 0)",
    "DyT": "a = v1 * x\ntanh(a)",
    "max(x, 0) / rms[bs](x)": "max(x, 0) / rms[bs](x)",
    "max(x, 0) / std[sg](x)": "max(x, 0) / std[sg](x)",
    "x * sigmoid(x) / std[bs](x)": "x * sigmoid(x) / std[bs](x)",
    "x / max(rms[bs](x), x)": "x / max(rms[bs](x), x)",
    "tanh(x / std[sg](x))": "tanh(x / std[sg](x))",
}


def graph_of(name: str) -> Graph:
    """The graph of a zoo name, a name of this file, or a text form."""
    if name in ZOO:
        return parse(ZOO[name].text)
    return parse({**HOPELESS, **REASONABLE}.get(name, name))
