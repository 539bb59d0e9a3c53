"""What layers cost on a GPU, against the bytes that must move, and in a ResNet-50.

    python -m tests.benchmarks.layer_cost_gpu [--device cuda]

The floor of a layer is the time to move the bytes that any implementation must: input read and
output written in the forward pass; input and output gradient read, and input gradient written, in
the backward pass; at the bandwidth that copying a large tensor reaches on the same device. Times
are medians between synchronisations. `--device cpu` is a trial of the script itself.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from search_spaces.layer import layer_class
from search_spaces.zoo import zoo_graph
from tests.support.published import RESNET_50
from workers.anchors import build_network

LAYERS = ("BN-ReLU", "EvoNorm-S0", "EvoNorm-B0")
DTYPES = (torch.float32, torch.bfloat16)
_MOVED = 5  # tensors of the input's size


def timed(call: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median seconds of a call, everything it started finished."""
    seconds = []
    for round_ in range(rounds + 3):
        _wait(device)
        start = time.perf_counter()
        call()
        _wait(device)
        if round_ >= 3:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def bandwidth(device: torch.device, numbers: int, rounds: int) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.zeros(numbers, device=device)
    target = torch.empty_like(source)
    return (
        2 * source.untyped_storage().nbytes() / timed(lambda: target.copy_(source), device, rounds)
    )


def step(layer: nn.Module, call: Callable[[Tensor], Tensor], x: Tensor, gradient: Tensor) -> None:
    torch.autograd.grad(call(x), [x, *layer.parameters()], gradient)


def layers(device: torch.device, shape: tuple[int, ...], rounds: int, numbers: int) -> None:
    rate = bandwidth(device, numbers, rounds)
    print(f"{device}: copies move {rate / 1e9:.0f} GB a second; {shape}")
    print(f"{'':12}{'':10}{'floor ms':>10}{'eager':>8}{'compiled':>10}   times the floor")
    for dtype in DTYPES:
        x = torch.randn(shape, device=device, dtype=dtype, requires_grad=True)
        gradient = torch.randn_like(x)
        floor = _MOVED * x.untyped_storage().nbytes() / rate
        for name in LAYERS:
            layer = layer_class(zoo_graph(name))(shape[1], groups=32, device=device)
            eager, compiled = (
                timed(partial(step, layer, call, x, gradient), device, rounds) / floor
                for call in (layer, torch.compile(layer, dynamic=False))
            )
            kind = str(dtype).removeprefix("torch.")
            row = f"{name:12}{kind:10}{1e3 * floor:10.3f}{eager:8.2f}{compiled:10.2f}"
            print(row, flush=True)


def networks(device: torch.device, batch: int, size: int, rounds: int) -> None:
    """Images a second of ResNet-50 in training, under bfloat16 autocast, compiled."""
    images = torch.randn(batch, 3, size, size, device=device)
    labels = torch.zeros(batch, dtype=torch.long, device=device)
    print(f"\nResNet-50, batch {batch}, {size} x {size}, bfloat16 autocast, compiled")
    first = 0.0
    for name in LAYERS:
        anchor = build_network(
            "resnet", RESNET_50, layer_class(zoo_graph(name)), (3, size, size), 1000, (0, 1)
        )
        network = anchor.module.to(device)
        fast = torch.compile(network, dynamic=False)

        def train(network: nn.Module = network, fast: Callable[..., Tensor] = fast) -> None:
            with torch.autocast(device.type, dtype=torch.bfloat16):
                loss = nn.functional.cross_entropy(fast(images), labels)
            loss.backward()
            network.zero_grad(set_to_none=True)

        rate = batch / timed(train, device, rounds)
        first = first or rate
        print(f"{name:12}{rate:8.0f} images a second{rate / first:8.2f} of {LAYERS[0]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--small", action="store_true", help="a trial of the script")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if arguments.small:
        layers(device, (8, 32, 8, 8), arguments.rounds, 10**6)
        networks(device, 2, 32, 1)
    else:
        layers(device, (128, 256, 56, 56), arguments.rounds, 10**9)
        networks(device, 128, 224, arguments.rounds)


if __name__ == "__main__":
    main()
