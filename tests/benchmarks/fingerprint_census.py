"""Random graphs by digest and by fingerprint: what each saves, and how often a fingerprint errs.

Run it with `python -m tests.benchmarks.fingerprint_census [graphs] [space]`. A second, larger probe
decides which layers are equal. Joins are judged among the layers that the screens before the random
stack let through, since a search takes no fingerprint of the others.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray

from search_spaces.canonical import canonical_and_digest
from search_spaces.graph import Graph
from search_spaces.layer import plain_layer_class
from search_spaces.properties import structure
from search_spaces.sampling import sample
from search_spaces.space import SearchSpace, get_space
from search_spaces.text_printer import format_graph
from tests.benchmarks.larger_probe import larger_fingerprint
from workers.fingerprint import FingerprintIndex, fingerprint
from workers.screening import ScreeningConfig, probe_failure, static_failure
from workers.stack_probe import stack_failure

_NEARLY = 1e-3  # about what the epsilon under a root changes on the smallest inputs


def main(count: int, space: SearchSpace) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    start = time.process_time()
    graphs: dict[str, Graph] = {}
    drawn: Counter[str] = Counter()
    for number in range(count):
        form, digest = canonical_and_digest(sample(space, np.random.default_rng((5, number))))
        if structure(form).elementwise_path:
            drawn[digest] += 1
            graphs.setdefault(digest, form)
    print(f"{space.name}: {count} graphs, {drawn.total()} with an element-wise path", flush=True)
    print(f"distinct digests: {len(graphs)}, {saved(drawn.total(), len(graphs))} of those drawn")
    config = ScreeningConfig()
    probed = {d: g for d, g in graphs.items() if passes_probe(g, space, config)}
    judge(probed, drawn, config)
    print(f"{time.process_time() - start:.0f} s of processor time")


def passes_probe(graph: Graph, space: SearchSpace, config: ScreeningConfig) -> bool:
    if static_failure(graph, space, config) is not None:
        return False
    return probe_failure(plain_layer_class(graph), config) is None


def judge(graphs: dict[str, Graph], drawn: Counter[str], config: ScreeningConfig) -> None:
    """Distinct fingerprints of graphs with distinct digests, false joins and misses."""
    total = sum(drawn[digest] for digest in graphs)
    print(f"past the probe: {total} drawn, {len(graphs)} digests ({saved(total, len(graphs))})")
    small, large = FingerprintIndex(), FingerprintIndex()
    forms = list(graphs.values())
    equal_to: dict[int, int] = {}  # number -> the first that is equal on the larger probe
    counts: Counter[str] = Counter()
    examples: list[str] = []
    larger_values: dict[int, NDArray[np.float64]] = {}
    for number, (digest, graph) in enumerate(graphs.items()):
        layer = plain_layer_class(graph)
        values, larger = fingerprint(layer), larger_fingerprint(layer)
        joined, same = small.find(values), None
        if joined is None:
            small.add(number, values)
        if stack_failure(layer, config.stack) is None:
            counts["screened, drawn"] += drawn[digest]
            counts["screened, digests"] += 1
            counts["screened, fingerprints"] += joined is None
        if values[-1] or larger[-1]:
            continue
        same = large.find(larger)
        equal_to[number] = number if same is None else same
        larger_values[number] = np.asarray(larger)
        if same is None:
            large.add(number, larger)
        counts["compared"] += 1
        counts["equal"] += same is not None
        if joined is None and same is not None:
            counts["misses"] += 1
            examples.append(f"miss: {one_line(graph)}  |  {one_line(forms[same])}")
        if joined in equal_to:
            counts["joins"] += 1
            if equal_to[joined] != equal_to[number]:
                counts["false joins"] += 1
                difference = distance(larger_values[joined], larger_values[number])
                counts["nearly equal"] += difference < _NEARLY
                pair = f"{one_line(graph)}  |  {one_line(forms[joined])}"
                examples.append(f"false join, off by {difference:.0e}: {pair}")
    print(f"distinct fingerprints: {len(small)} (another {saved(len(graphs), len(small))})")
    passed, digests, prints = (
        counts[f"screened, {what}"] for what in ("drawn", "digests", "fingerprints")
    )
    print(
        f"past all screens: {passed} drawn, {digests} digests ({saved(passed, digests)}), "
        f"{prints} fingerprints (another {saved(digests, prints)})"
    )
    print(f"finite and below 1e9 on both probes: {counts['compared']}")
    for error, among in (("false joins", "joins"), ("misses", "equal")):
        share = 100 * counts[error] / max(1, counts[among])
        print(f"{error}: {counts[error]} of {counts[among]}, {share:.2f} %")
    print(f"false joins of layers that agree within {_NEARLY:g}: {counts['nearly equal']}")
    print("\n".join(examples))


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The largest difference of two fingerprints' numbers, relative to 1 + the larger one."""
    return float((np.abs(a - b) / (1 + np.maximum(np.abs(a), np.abs(b)))).max())


def saved(many: int, few: int) -> str:
    return f"{100 * (1 - few / max(1, many)):.1f} % saved"


def one_line(graph: Graph) -> str:
    return format_graph(graph).replace("\n", "; ")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        get_space(sys.argv[2] if len(sys.argv) > 2 else "evonorm-b"),
    )
