"""An exported layer under DistributedDataParallel."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from evonas.exports.export import export_layer
from evonas.layers import resolve
from tests.support.layers import CHANNELS, GROUPS, images


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone."""
    store = f"file://{tmp_path}/store"
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("text", ["EvoNorm-B0", "EvoNorm-S0", "GN-ReLU"])
@pytest.mark.parametrize("synced", [False, True])
def test_it_trains_as_it_does_alone(text: str, synced: bool, tmp_path: Path) -> None:
    module: dict[str, type[nn.Module]] = {}
    exec(export_layer(resolve(text), tmp_path / "out").path.read_text(), module)
    torch.manual_seed(0)
    conv = nn.Conv2d(CHANNELS, CHANNELS, 3)
    alone = nn.Sequential(conv, module["NormAct"](CHANNELS, groups=GROUPS))
    network = copy.deepcopy(alone)
    if synced and "synchronize" in module:
        module["synchronize"](network)
    wrapped = DistributedDataParallel(network)
    for each in (alone, wrapped):
        optimizer = torch.optim.SGD(each.parameters(), 0.1)
        for seed in range(2):
            optimizer.zero_grad()
            each(images(seed, torch.float32)).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(network.state_dict(), alone.state_dict())
