"""Batch moments over the processes of torch.distributed: two halves are the whole batch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from evonas.exports.export import export_layer
from evonas.layers import resolve
from search_spaces.layer import layer_class
from tests.support.layers import CHANNELS, GROUPS, images, randomised

LAYERS = {
    "b0": "EvoNorm-B0",
    "bcn": "BCN",
    "nested": "rms[bs](x * sigmoid(v1 * x)) * x - mean[g](x) * std[bs](mean[c](x) / std[bs](x))",
}
SPLIT = 3  # samples of the first process, of 8: the second has more
_SCRIPT = """
import importlib.util
import sys

import torch
from torch import distributed

rank, folder, *names = sys.argv[1:]
rank = int(rank)
store = f"file://{folder}/store"
distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
given, found = torch.load(f"{folder}/given"), {}
for name in names:
    spec = importlib.util.spec_from_file_location(name, f"{folder}/{name}/layer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    layer = module.NormAct(given["channels"], groups=given["groups"], dtype=torch.float64)
    layer.load_state_dict(given[name])
    network = torch.nn.Sequential(torch.nn.Identity(), layer)
    assert module.synchronize(network) == 1
    x = given["shards"][rank].clone().requires_grad_()
    y = network(x)
    (y * given["cotangents"][rank]).sum().backward()
    with torch.no_grad():
        evaluated = network.eval()(x)
    gradients = {key: value.grad for key, value in layer.named_parameters()}
    found[name] = (y.detach(), x.grad, gradients, layer.state_dict(), evaluated)
distributed.barrier()
distributed.destroy_process_group()
torch.save(found, f"{folder}/found-{rank}")
"""


def test_two_processes_equal_one_with_the_whole_batch(tmp_path: Path) -> None:
    x, cotangent = (images(seed, shape=(8, CHANNELS, 3, 2)) for seed in (1, 2))
    whole, given = {}, {"channels": CHANNELS, "groups": GROUPS}
    for name, text in LAYERS.items():
        export_layer(resolve(text), tmp_path / name)
        whole[name] = layer_class(resolve(text).graph)(CHANNELS, groups=GROUPS, dtype=torch.float64)
        randomised(whole[name], 3)
        given[name] = {key: value.clone() for key, value in whole[name].state_dict().items()}
    given |= {"shards": _shards(x), "cotangents": _shards(cotangent)}
    torch.save(given, tmp_path / "given")
    found = _two_processes(tmp_path)
    for name, layer in whole.items():
        inputs = x.clone().requires_grad_()
        y = layer(inputs)
        (y * cotangent).sum().backward()
        ys, gradients, of_parameters, states, evaluated = zip(
            *(each[name] for each in found), strict=True
        )
        torch.testing.assert_close(torch.cat(ys), y.detach())
        torch.testing.assert_close(torch.cat(gradients), inputs.grad)
        for key, parameter in layer.named_parameters():
            torch.testing.assert_close(sum(each[key] for each in of_parameters), parameter.grad)
        for state in states:
            torch.testing.assert_close(state, dict(layer.state_dict()))
        torch.testing.assert_close(torch.cat(evaluated), layer.eval()(x).detach())
        alone = layer.train()(_shards(x)[0])
        assert not torch.allclose(alone, ys[0], rtol=1e-3)  # the halves alone are another thing


def _shards(batch: Tensor) -> tuple[Tensor, ...]:
    return batch.split((SPLIT, len(batch) - SPLIT))


def _two_processes(folder: Path) -> list[dict[str, tuple[Tensor, ...]]]:
    command = [sys.executable, "-I", "-c", _SCRIPT]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(folder), *LAYERS], stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    return [torch.load(folder / f"found-{rank}") for rank in range(2)]


@pytest.mark.parametrize("text", ["EvoNorm-B0", "BN-ReLU"])
def test_in_one_process_it_is_the_layer(text: str, tmp_path: Path) -> None:
    module: dict[str, type[torch.nn.Module]] = {}
    exec(export_layer(resolve(text), tmp_path).path.read_text(), module)
    layer = module["NormAct"](CHANNELS)
    network = torch.nn.Sequential(torch.nn.Sequential(layer), torch.nn.ReLU())
    x = images(dtype=torch.float32)
    expected = layer_class(resolve(text).graph)(CHANNELS)(x)
    assert module["synchronize"](network) == module["synchronize"](network) == 1  # type: ignore[comparison-overlap]
    assert type(layer).__name__ == f"Synced{module['NormAct'].__name__}"
    assert isinstance(layer, module["NormAct"])
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_layers_without_batch_moments_have_nothing_to_synchronise(tmp_path: Path) -> None:
    source = export_layer(resolve("EvoNorm-S0"), tmp_path).path.read_text()
    assert "ynchron" not in source
    assert "distributed" not in source
