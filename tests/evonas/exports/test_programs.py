"""ONNX models and `torch.export` programs of layers, run at sizes that they were not traced at."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from torch import nn

from evonas.exports import onnx_file
from evonas.exports.export import Extras, export_layer
from evonas.exports.files import ExportError
from evonas.exports.onnx_file import ATOL, RTOL, onnx_model
from evonas.exports.program import example, program_bytes
from evonas.layers import resolve
from search_spaces.layer import layer_class
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from tests.evonas.command_line import run
from tests.support.layers import CHANNELS, GROUPS, TEXTS, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*leave one channel a group")


def a_layer(text: str) -> nn.Module:
    """With random parameters, and running estimates of one batch."""
    layer = randomised(layer_class(parse(text))(CHANNELS, groups=GROUPS))
    layer(example(CHANNELS))
    return layer.eval()


@pytest.mark.parametrize("text", [TEXTS[1]])
def test_onnxruntime_computes_what_the_layer_does(text: str) -> None:
    model = onnx_model(a_layer(text), CHANNELS)
    assert 0 <= model.difference < 10 * ATOL


@pytest.mark.slow
@pytest.mark.parametrize("text", [*TEXTS, *(layer.text for layer in ZOO.values())])
def test_onnxruntime_computes_what_every_layer_does(text: str) -> None:
    assert onnx_model(a_layer(text), CHANNELS).difference < 1e-3


def test_an_onnx_model_that_computes_something_else_is_refused() -> None:
    layer = layer_class(zoo_graph("tanh"))(CHANNELS)
    content = onnx_model(layer, CHANNELS).content
    with torch.no_grad():
        layer.weight.add_(2 * RTOL)
    with pytest.raises(ExportError, match=r"something else for x of \(1, 6, 7, 7\)"):
        onnx_file._difference(layer, content, CHANNELS)


def test_without_its_libraries_nothing_is_begun(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "_NEEDED", ("onnx", "no_such_library"))
    result = run("export", "tanh", "--onnx", "--to", "out")
    assert result.exit_code == 1
    assert "--onnx needs no_such_library: pip install 'evonas[onnx]'" in result.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_programs_take_other_batches_and_sizes(text: str) -> None:
    layer = a_layer(text)
    program = torch.export.load(io.BytesIO(program_bytes(layer, CHANNELS))).module()
    for shape in ((2, 2, 2), (7, 3, 9)):
        x = example(CHANNELS, shape)
        torch.testing.assert_close(program(x), layer(x))


def test_both_stand_beside_the_module_and_in_the_card(tmp_path: Path) -> None:
    extras = Extras(steps=None, onnx=True, program=True, channels=6)
    files = export_layer(resolve("EvoNorm-S0"), tmp_path, extras=extras).files
    assert {"layer.onnx", "layer.pt2"} < {path.name for path in files}
    assert all(path.is_file() for path in files)
    card = (tmp_path / "card.md").read_text()
    assert f"agrees within {RTOL:g} of the expected number plus {ATOL:g} for inputs of" in card
    assert "6 channels in groups=3, batch, height and width from 2 upwards" in card


def test_groups_of_a_program_have_two_channels_at_least(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    # A group of one channel would be instance norm, which nobody asked for.
    for channels, groups in ((2, 1), (7, 1), (8, 4), (64, 8)):
        extras = Extras(steps=None, program=True, channels=channels)
        path, *_ = export_layer(resolve("EvoNorm-S0"), tmp_path, extras=extras).files
        assert (
            f"{channels} channels in groups={groups}, batch" in (tmp_path / "card.md").read_text()
        )
        x = example(channels)
        layer = layer_class(zoo_graph("EvoNorm-S0"))(channels, groups=groups).eval()
        program = torch.export.load(path.with_name("layer.pt2")).module()
        torch.testing.assert_close(program(x), layer(x))
    assert not [w for w in recwarn if "leave one channel a group" in str(w.message)]
