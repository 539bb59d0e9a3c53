"""A layer in evaluation mode as an ONNX model, of any batch and size, checked with onnxruntime."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass

import torch
from torch import nn

from evonas.exports.files import ExportError
from evonas.exports.program import example, sizes

ONNX_NAME = "layer.onnx"
# A difference may be RTOL of the expected number plus ATOL: a few roundings of float32.
RTOL, ATOL = 1e-4, 1e-5
# Batch, height and width, none of them that of the example.
CHECKED = ((1, 7, 7), (2, 1, 1), (9, 3, 16))
_NEEDED = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """The file's bytes, and the largest absolute difference that the check found."""

    content: bytes
    difference: float


def check_can_write_onnx() -> None:
    """Raises ExportError if a library is missing, before anything long is begun."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(f"--onnx needs {', '.join(missing)}: pip install 'evonas[onnx]'")


def onnx_model(layer: nn.Module, channels: int) -> OnnxModel:
    """The model of a layer in evaluation mode, after a check.

    Raises ExportError if onnxruntime computes something else.
    """
    check_can_write_onnx()
    layer.eval()
    dynamic = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # of its own libraries
        warnings.filterwarnings("ignore", category=FutureWarning)
        program = torch.onnx.export(
            layer,
            (example(channels),),
            input_names=["x"],
            output_names=["y"],
            dynamic_shapes=(dynamic,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    content = program.model_proto.SerializeToString()
    return OnnxModel(content, _difference(layer, content, channels))


def onnx_note(model: OnnxModel, layer: nn.Module, channels: int) -> str:
    """What the card says of it."""
    shapes = ", ".join(str((batch, channels, h, w)) for batch, h, w in CHECKED)
    return (
        f"`{ONNX_NAME}`: ONNX, evaluation mode, {sizes(layer, channels)}, any batch, height and "
        f"width, weights as they start. onnxruntime agrees within {RTOL:g} of the expected number "
        f"plus {ATOL:g} for inputs of {shapes}; the largest difference was {model.difference:.1e}."
    )


def _difference(layer: nn.Module, content: bytes, channels: int) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    largest = 0.0
    for shape in CHECKED:
        x = example(channels, shape)
        with torch.no_grad():
            expected = layer(x)
        found = torch.from_numpy(session.run(None, {"x": x.numpy()})[0])
        try:
            torch.testing.assert_close(found, expected, rtol=RTOL, atol=ATOL, equal_nan=True)
        except AssertionError as error:
            raise ExportError(
                f"onnxruntime computes something else for x of {tuple(x.shape)}: {error}; leave "
                "out --onnx, and please report this"
            ) from None
        largest = max(largest, float((found - expected).abs().nan_to_num().max()))
    return largest
