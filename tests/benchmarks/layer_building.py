"""Layers built a second on one core: code generation, execution, construction, nothing cached.

Run it with `python -m tests.benchmarks.layer_building [graphs]`; times are processor time.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import torch

from search_spaces.canonical import canonical
from search_spaces.codegen import generate
from search_spaces.graph import Graph, Node
from search_spaces.layer import execute
from search_spaces.primitives import PAPER_PRIMITIVES, arity

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_INITIAL = ("x", "0", "v0", "v1")


def distinct_graphs(count: int) -> list[Graph]:
    """Canonical graphs of the paper's space, drawn uniformly, of four nodes or more, with x."""
    rng = np.random.default_rng(0)
    found: dict[Graph, None] = {}
    while len(found) < count:
        nodes = []
        for position in range(len(_INITIAL), len(_INITIAL) + 10):
            op = PAPER_PRIMITIVES[rng.integers(len(PAPER_PRIMITIVES))]
            nodes.append(Node(op, tuple(int(i) for i in rng.integers(position, size=arity(op)))))
        graph = canonical(Graph(_INITIAL, tuple(nodes)))
        if "x" in graph.initial and len(graph.nodes) >= 4:
            found[graph] = None
    return list(found)


def timed(
    name: str, function: Callable[[_In], _Out], inputs: Iterable[_In]
) -> tuple[list[_Out], float]:
    start = time.process_time()
    results = [function(item) for item in inputs]
    seconds = (time.process_time() - start) / len(results)
    print(f"{name:<28}{1e6 * seconds:8.0f} us{1 / seconds:10.0f} a second")
    return results, seconds


def main(count: int) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    graphs = distinct_graphs(count)
    codes, generating = timed("generate", generate, graphs)
    classes, executing = timed("execute", lambda code: execute(code, "layer"), codes)
    _, constructing = timed("construct, 16 channels", lambda layer: layer(16), classes)
    total = generating + executing + constructing
    print(f"{'together':<28}{1e6 * total:8.0f} us{1 / total:10.0f} a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
