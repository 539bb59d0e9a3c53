"""What one does with a model, done with a swapped one."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

import evonas
from tests.support.timm_layers import timm
from tests.support.training import assert_learns, classifies

pytestmark = pytest.mark.usefixtures("one_thread")

# One layer without state and with a backward pass of its own, one with running estimates.
_LAYERS = ["EvoNorm-S0", "EvoNorm-B0"]


@pytest.fixture(params=_LAYERS)
def model(request: pytest.FixtureRequest) -> nn.Module:
    """A small ResNet of timm with a layer in it."""
    return _model(request.param)


def _model(layer: str) -> nn.Module:
    torch.manual_seed(0)
    sizes = {"layers": (1, 1, 1, 1), "channels": (8, 8, 16, 16)}
    made = timm().models.resnet.ResNet(
        timm().models.resnet.BasicBlock, num_classes=4, stem_width=8, **sizes
    )
    report = evonas.swap(made, layer, **({"groups": 4} if layer == "EvoNorm-S0" else {}))
    assert len(report.replaced) == 5
    assert isinstance(made, nn.Module)
    return made


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own
def test_compiles_as_one_graph(model: nn.Module, images: torch.Tensor) -> None:
    torch.compiler.reset()
    model, images = model.double(), images.double()
    compiled = torch.compile(copy.deepcopy(model), fullgraph=True, backend="eager")
    outputs = [network(images) for network in (compiled, model)]
    torch.testing.assert_close(*outputs)
    for output in outputs:
        output.square().sum().backward()
    for own, other in zip(model.parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(other.grad, own.grad)
    for own, other in zip(model.buffers(), compiled.buffers(), strict=True):
        torch.testing.assert_close(other, own)


def test_exports_with_a_dynamic_batch(model: nn.Module, images: torch.Tensor) -> None:
    model.eval()
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(model, (images,), dynamic_shapes=({0: batch},))
    other = torch.randn(5, 3, 32, 32)
    torch.testing.assert_close(program.module()(other), model(other))


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """One process in a group of its own, without a port."""
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("process_group")
def test_trains_in_data_parallel(model: nn.Module) -> None:
    wrapped = DistributedDataParallel(model)
    assert_learns(wrapped, classifies(wrapped, 64), steps=3)
    with pytest.raises(ValueError, match="wrapped in DistributedDataParallel"):
        evonas.swap(wrapped, "GN-ReLU")


def test_channels_last_and_bfloat16(model: nn.Module, images: torch.Tensor) -> None:
    model.eval()
    expected = model(images)
    images = images.to(memory_format=torch.channels_last)
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    torch.testing.assert_close(last(images), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = last(images)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), expected, atol=0.05, rtol=0.05)
    loss = classifies(last, 64)

    def autocast() -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return loss()

    assert_learns(last, autocast, steps=3)


def test_copies_and_state_are_whole(model: nn.Module, images: torch.Tensor, tmp_path: Path) -> None:
    model(images)  # running estimates move
    model.eval()
    expected = model(images)
    torch.testing.assert_close(copy.deepcopy(model)(images), expected)
    torch.testing.assert_close(pickle.loads(pickle.dumps(model))(images), expected)
    torch.save(model.state_dict(), tmp_path / "state.pt")
    layer = "EvoNorm-B0" if any(True for _ in model.bn1.buffers()) else "EvoNorm-S0"
    other = _model(layer)
    for parameter in other.parameters():
        nn.init.normal_(parameter)
    other.load_state_dict(torch.load(tmp_path / "state.pt"), strict=True)
    torch.testing.assert_close(other.eval()(images), expected)
