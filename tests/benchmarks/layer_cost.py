"""What layers cost in training: time and memory, beside torch's and timm's layers.

    python -m tests.benchmarks.layer_cost known             eager time, tensors kept
    python -m tests.benchmarks.layer_cost compiled          the same layers under torch.compile
    python -m tests.benchmarks.layer_cost random --count N  graphs that pass screening
    python -m tests.benchmarks.layer_cost random --compiled the same under torch.compile

Times are of one forward and backward pass on one thread, in turns, as medians of processor time,
or as the least with `--least`, where others use the machine; columns are ratios to the reference.
`kept` is what the autograd graph holds between the passes, in inputs; `live` is the same for a
stack of 20 layers, by the memory of the process.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import statistics
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from search_spaces.canonical import canonical_and_digest
from search_spaces.codegen import form
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.space import get_space
from search_spaces.text_printer import format_graph
from search_spaces.zoo import zoo_graph
from tests.support.timm_layers import evo_norm
from workers.layer_cost import Summary, kept, step_times
from workers.proposal import ProposalTask, propose
from workers.screening import ScreeningConfig

SHAPES = ((64, 16, 16, 16), (32, 64, 28, 28), (16, 128, 14, 14))
GROUPS = 8
LAYERS = ("EvoNorm-S0", "EvoNorm-B0", "BN-ReLU", "GN-ReLU")


def ours(graph: Graph, channels: int, *, plain: bool = False) -> nn.Module:
    layer = layer_class(graph)(channels, groups=GROUPS)
    layer.plain = plain
    return layer


class ScaleShift(nn.Module):
    """The scale and shift that every layer of evonas ends in, as torch's users write it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias


def references(channels: int) -> dict[str, tuple[nn.Module, str]]:
    """Reference layers, and the zoo layer that stands beside each.

    Torch's pairs come alone and, to be the same function as ours, with a scale and shift.
    """
    timm = evo_norm()
    found: dict[str, tuple[nn.Module, str]] = {
        "timm EvoNorm2dS0": (timm.EvoNorm2dS0(channels, groups=GROUPS), "EvoNorm-S0"),
        "timm EvoNorm2dB0": (timm.EvoNorm2dB0(channels), "EvoNorm-B0"),
    }
    for end, last in (("", ()), (", affine", (ScaleShift(channels),))):
        batch_norm, group_norm = nn.BatchNorm2d(channels), nn.GroupNorm(GROUPS, channels)
        pairs = (("BatchNorm2d", batch_norm, "BN-ReLU"), ("GroupNorm", group_norm, "GN-ReLU"))
        for name, norm, zoo in pairs:
            found[f"torch {name}, ReLU{end}"] = nn.Sequential(norm, nn.ReLU(), *last), zoo
    return found


def live(make: Callable[[], nn.Module], shape: tuple[int, ...], depth: int = 20) -> float:
    """Growth of the process over the forward pass of a stack, per layer, in inputs.

    A convolution of one weight a channel stands between the layers, as in a network: it keeps its
    input, so that a layer's output never counts twice.
    """
    layers = [make() for _ in range(depth)]
    scale = torch.ones(shape[1], 1, 1, 1, requires_grad=True)
    x = torch.randn(shape, requires_grad=True)

    def forward() -> Tensor:
        y = x
        for layer in layers:
            y = layer(nn.functional.conv2d(y, scale, groups=shape[1]))
        return y

    forward().sum().backward()  # libraries allocate what they keep
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what is free already would not grow the process
    before = _resident()
    y = forward()
    grown = _resident() - before
    del y
    return grown / (depth * x.untyped_storage().nbytes())


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def known(rounds: int, summary: Summary, layers: tuple[str, ...]) -> None:
    for shape in SHAPES:
        print(f"\n{shape}\n{'':32}{'form':>10}{'ms':>9}{'ratio':>7}{'kept':>6}")
        for name, (reference, zoo) in references(shape[1]).items():
            if zoo not in layers:
                continue
            graph = zoo_graph(zoo)
            own, plain = (ours(graph, shape[1], plain=plain) for plain in (False, True))
            rows = [(name, "", reference), (zoo, form(graph), own), (zoo, "plain", plain)]
            measured = step_times([(layer, layer) for _, _, layer in rows], shape, rounds, summary)
            for (title, which, layer), ms in zip(rows, measured, strict=True):
                ratio = ms / measured[0]
                print(f"{title:32}{which:>10}{ms:9.3f}{ratio:7.2f}{kept(layer, shape):6.2f}")


def stacks() -> None:
    shape = SHAPES[1]
    print(f"\n20 layers of {shape}, each behind a convolution: live memory per layer, in inputs")
    for name, (_, zoo) in references(shape[1]).items():
        reference = live(lambda name=name: references(shape[1])[name][0], shape)
        own = live(lambda zoo=zoo: ours(zoo_graph(zoo), shape[1]), shape)
        print(f"{name:32}{reference:6.2f}   {zoo:12}{own:6.2f}")


def compiled(rounds: int) -> None:
    for shape in SHAPES:
        print(f"\n{shape}, compiled\n{'':32}{'ms':>9}{'ratio':>7}")
        for name, (reference, zoo) in references(shape[1]).items():
            layers = [reference, ours(zoo_graph(zoo), shape[1])]
            pairs = [(layer, torch.compile(layer, dynamic=False)) for layer in layers]
            measured = step_times(pairs, shape, rounds)
            for title, ms in zip((name, zoo), measured, strict=True):
                print(f"{title:32}{ms:9.3f}{ms / measured[0]:7.2f}", flush=True)
            torch.compiler.reset()


def screened(count: int) -> Iterator[Graph]:
    """Distinct graphs that pass screening, of both spaces of the paper in turn."""
    seen: set[str] = set()
    slot = 0
    while len(seen) < count:
        space = get_space(("evonorm-b", "evonorm-s")[slot % 2])
        task = ProposalTask(7, slot, 0, 5000, space, ScreeningConfig(), None)
        slot += 1
        proposal = propose(task)
        if proposal.graph_json is None:
            continue
        graph, digest = canonical_and_digest(Graph.from_json(proposal.graph_json))
        if digest not in seen:
            seen.add(digest)
            yield graph


def random(count: int, rounds: int, compiled: bool) -> None:
    shape = SHAPES[0]
    rows = []
    for graph in screened(count):
        own, plain = (ours(graph, shape[1], plain=plain) for plain in (False, True))
        calls = [torch.compile(each, dynamic=False) if compiled else each for each in (own, plain)]
        own_ms, plain_ms = step_times(list(zip((own, plain), calls, strict=True)), shape, rounds)
        torch.compiler.reset()
        kept_own, kept_plain = kept(own, shape), kept(plain, shape)
        text = format_graph(graph).replace("\n", "; ")
        ratio = own_ms / plain_ms
        rows.append((ratio, kept_own, kept_own / max(kept_plain, 1e-9), form(graph), text))
    rows.sort(reverse=True)
    how = f"{shape}, compiled" if compiled else f"{shape}"
    print(f"{count} graphs that pass screening, {how}, against their plain form; the slowest:")
    for ratio, own, share, which, text in rows[:12]:
        print(f"{ratio:6.2f}  kept {own:.2f} ({share:.2f} of plain)  {which:10}{text:.90}")
    ratios, keeps, shares, forms, _ = zip(*rows, strict=True)
    print(
        f"time: median {statistics.median(ratios):.2f}, above 1.05: "
        f"{sum(r > 1.05 for r in ratios)}; kept: most {max(keeps):.2f}, above 1.3: "
        f"{sum(k > 1.3 for k in keeps)}, median of plain {statistics.median(shares):.2f}; "
        f"forms: {', '.join(f'{forms.count(f)} {f}' for f in sorted(set(forms)))}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("known", "stacks", "compiled", "random"))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--layers", nargs="+", default=LAYERS, help="of the zoo (known)")
    parser.add_argument("--least", action="store_true", help="least times (known)")
    parser.add_argument("--compiled", action="store_true", help="of random graphs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if arguments.part == "known":
        summary = min if arguments.least else statistics.median
        known(arguments.rounds, summary, tuple(arguments.layers))
    elif arguments.part == "stacks":
        stacks()
    elif arguments.part == "compiled":
        compiled(arguments.rounds)
    else:
        random(arguments.count, arguments.rounds, arguments.compiled)


if __name__ == "__main__":
    main()
