"""Random graphs by digest and by fingerprint: what each saves, and how often a fingerprint errs.

Run it with `python -m tests.benchmarks.fingerprint_census [graphs] [space]`. A second, larger probe
decides which layers are equal: another shape, inputs and parameters of several sizes, six times the
numbers.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import torch

from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.properties import structure
from search_spaces.sampling import sample
from search_spaces.space import get_space
from search_spaces.text_printer import format_graph
from workers.fingerprint import Fingerprint, FingerprintIndex, fingerprint

_SHAPE = (5, 12, 4, 7)
_GROUPS = 3
_SCALES = (0.2, 1.3, 6.0)  # of the inputs, one run each
_NUMBERS = 32  # of output, gradient and evaluation each, in each run


def larger_fingerprint(graph: Graph) -> Fingerprint:
    """As `fingerprint`, on the larger probe: inputs and parameters of several sizes."""
    blocks = [block for run in range(len(_SCALES)) for block in larger_probe(graph, run)]
    step = blocks[0].numel() // _NUMBERS
    flat = torch.cat([block[::step][:_NUMBERS] for block in blocks])
    broken = float((~flat.isfinite()).sum())
    return (*torch.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0).tolist(), broken)


def larger_probe(graph: Graph, run: int) -> list[torch.Tensor]:
    """Output, input gradient and output in evaluation, flat."""
    generator = torch.Generator().manual_seed(31 + run)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    x, unseen, cotangent = (
        _SCALES[run] * (normal(*_SHAPE) + 0.4 * normal(1, 12, 1, 1)) for _ in range(3)
    )
    layer = layer_class(graph)(_SHAPE[1], groups=_GROUPS, dtype=torch.float64).double()
    values = {name: 1.5 * normal(_SHAPE[1]) for name in ("weight", "bias", "v0", "v1")}
    for name, parameter in layer.named_parameters():
        parameter.data = values[name]
    x.requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad(y, x, cotangent, allow_unused=True)
    return [block.detach().flatten() for block in (y, gradient, layer.eval()(unseen))]


def main(count: int, space_name: str) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    start = time.process_time()
    space = get_space(space_name)
    with_path: dict[str, Graph] = {}
    drawn = 0
    for number in range(count):
        form, digest = canonical_and_digest(sample(space, np.random.default_rng((5, number))))
        if structure(form).elementwise_path:
            drawn += 1
            with_path.setdefault(digest, form)
    print(f"{space.name}: {count} graphs, {drawn} with an element-wise path", flush=True)
    share = 100 * (1 - len(with_path) / drawn)
    print(f"distinct digests: {len(with_path)}, which save {share:.1f} % of what is drawn")
    report(list(with_path.values()))
    print(f"{time.process_time() - start:.0f} s")


def report(forms: list[Graph]) -> None:
    """Distinct fingerprints of graphs with distinct digests, false joins and misses."""
    small, large = FingerprintIndex(), FingerprintIndex()
    finite = joins = false_joins = misses = equal = 0
    examples: list[str] = []
    for number, graph in enumerate(forms):
        values = fingerprint(layer_class(graph))
        if values[-1]:
            continue
        larger = larger_fingerprint(graph)
        if larger[-1] or max(map(abs, larger)) > 1e6:  # rounding decides there
            continue
        finite += 1
        joined, same = small.find(values), large.find(larger)
        equal += same is not None
        joins += joined is not None
        if joined is not None and same is None:
            false_joins += 1
            examples.append(f"false join: {one_line(graph)}  |  {one_line(forms[joined])}")
        if joined is None and same is not None:
            misses += 1
            examples.append(f"miss: {one_line(graph)}  |  {one_line(forms[same])}")
        if joined is None:
            small.add(number, values)
        if same is None:
            large.add(number, larger)
    print(f"of these finite and below 1e6 on both probes: {finite}")
    share = 100 * joins / finite
    print(f"distinct fingerprints: {finite - joins}, which save another {share:.1f} %")
    print(f"false joins: {false_joins}, {100 * false_joins / max(1, joins):.2f} % of the joins")
    print(f"misses: {misses}, {100 * misses / max(1, equal):.2f} % of the equal layers")
    print("\n".join(examples[:20]))


def one_line(graph: Graph) -> str:
    return format_graph(graph).replace("\n", "; ")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        sys.argv[2] if len(sys.argv) > 2 else "evonorm-b",
    )
