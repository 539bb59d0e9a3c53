"""The layers that a preset is calibrated on: known ones, and ones that must not win."""

from __future__ import annotations

from search_spaces.zoo import ZOO

#: By name: what a good proxy rejects, or ranks below what normalizes.
BAD: dict[str, str] = {
    # Win shallow and short proxies without normalizing anything.
    "max(x, -v1)": "max(x, -v1)",
    "max(x, tanh(x))": "max(x, tanh(x))",
    "x / max(x, tanh(v1))": "x / max(x, tanh(v1))",
    "x / max(tanh(std[bs](x)), x)": "x / max(tanh(std[bs](x)), x)",
    # Lack what a deep network needs: a non-linearity, or a norm, or both.
    "affine": "v1 * x + v0",
    "affine BN": "(x - mean[bs](x)) / std[bs](x)",
    "tanh": "tanh(x)",
    "square": "x * x",
    "ReLU": "max(x, 0)",
    "SiLU": "x * sigmoid(x)",
}

_CONTROLS = ("rectifier", "tanh", "ReLU", "SiLU", "GELU")

#: Name and text of the known layers that are calibrated.
KNOWN: dict[str, str] = {name: layer.text for name, layer in ZOO.items() if name not in _CONTROLS}

#: Those trained ten times as long too, and at other rates: at least eight, all kinds among them.
PROBED = (
    "BN-ReLU",
    "BN-SiLU",
    "GN-ReLU",
    "LN-ReLU",
    "EvoNorm-B0",
    "EvoNorm-S0",
    "RMSNorm-SiLU",
    "DyT",
)
