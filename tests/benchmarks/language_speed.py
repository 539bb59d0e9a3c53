"""Speed of the layer language on one core, step by step, and where the time of proposing goes.

Run it with `python -m tests.benchmarks.language_speed [graphs]`; times are processor time.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from search_spaces.canonical import canonical, canonical_and_digest
from search_spaces.codegen import generate
from search_spaces.graph import Graph
from search_spaces.layer import execute, plain_layer_class
from search_spaces.properties import properties_of_canonical, structure
from search_spaces.requirements import unmet_by
from search_spaces.sampling import sample, sample_uniform
from search_spaces.space import SPACES, SearchSpace, get_space
from search_spaces.zoo import zoo_graph
from workers.fingerprint import fingerprint
from workers.proposal import ProposalTask, propose
from workers.screening import ScreeningConfig, probe_failure
from workers.stack_probe import stack_failure

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def timed(
    name: str, function: Callable[[_In], _Out], inputs: Iterable[_In]
) -> tuple[list[_Out], float]:
    """Results, and seconds for one; prints a line."""
    start = time.process_time()
    results = [function(item) for item in inputs]
    seconds = (time.process_time() - start) / max(1, len(results))
    report(name, seconds)
    return results, seconds


def report(name: str, seconds: float) -> None:
    print(f"{name:<48}{1e6 * seconds:9.0f} us{1 / seconds:10.0f} a second")


def passes_static_screens(graph: Graph, space: SearchSpace) -> bool:
    return structure(graph).elementwise_path and unmet_by(graph, space.requirements) is None


def language(space: SearchSpace, count: int) -> list[Graph]:
    """Sampling to static screening; the canonical graphs that pass, each once."""
    print(f"{space.name}, {count} draws")
    graphs, sampling = timed(
        "sample, generator seeded anew", lambda k: sample(space, seeded(k)), range(count)
    )
    forms, simplifying = timed("canonical form and digest", canonical_and_digest, graphs)
    passed, screening = timed(
        "static screening", lambda f: passes_static_screens(f[0], space), forms
    )
    report("together (wanted: 2,500 a second)", sampling + simplifying + screening)
    timed("all properties", lambda f: properties_of_canonical(f[0]), forms[: count // 10])
    print(f"passed: {100 * sum(passed) / count:.0f} % of the draws")
    return list({f[1]: f[0] for f, good in zip(forms, passed, strict=True) if good}.values())


def seeded(number: int) -> np.random.Generator:
    return np.random.default_rng((0, 0, number))


def draws(count: int) -> None:
    """Share of the draws of each space that pass the static screens, by sampler."""
    print(f"\ndraws that pass the static screens, of {count}:   default   uniform")
    for space in SPACES.values():
        shares = []
        for sampler in (sample, sample_uniform):
            forms = (canonical(sampler(space, seeded(k))) for k in range(count))
            shares.append(sum(passes_static_screens(form, space) for form in forms) / count)
        print(f"  {space.name:<42}{100 * shares[0]:8.1f} %{100 * shares[1]:8.1f} %")


def probing(graphs: list[Graph]) -> None:
    print(f"\n{len(graphs)} distinct graphs that pass, each new")
    probe_and_fingerprint(canonical_and_digest(zoo_graph("EvoNorm-B0")))  # torch starts slowly
    half = len(graphs) // 2
    print("plain form, which the screens execute")
    classes = building(graphs[:half], plain=True)
    print("form with its own backward pass, which training executes, once a candidate")
    building(graphs[:half], plain=False)
    known = [canonical_and_digest(graph) for graph in graphs[half:]]  # as in proposing
    timed("probe, fingerprint, building included (500)", probe_and_fingerprint, known)
    config = ScreeningConfig()
    timed("probe after building", lambda layer: probe_failure(layer, config), classes)
    timed("fingerprint after building", fingerprint, classes)
    timed("random stack", lambda layer: stack_failure(layer, config.stack), classes)


def building(graphs: list[Graph], plain: bool) -> list[type[nn.Module]]:
    codes, generating = timed("  code generation", partial(generate, plain=plain), graphs)
    classes, executing = timed("  execution", lambda code: execute(code, "layer"), codes)
    _, constructing = timed("  construction", lambda layer: layer(16), classes)
    report("  together (wanted: 1,000 a second)", generating + executing + constructing)
    return classes


def probe_and_fingerprint(form: tuple[Graph, str]) -> None:
    layer = plain_layer_class(*form)
    probe_failure(layer, ScreeningConfig())
    fingerprint(layer)


def proposing(space: SearchSpace, slots: int) -> None:
    task = ProposalTask(0, 0, 0, 2000, space, ScreeningConfig(), None)
    refused: Counter[str] = Counter()
    start = time.process_time()
    for slot in range(slots):
        refused.update(propose(replace(task, slot=slot)).refused)
    seconds = (time.process_time() - start) / slots
    attempts = sum(refused.values()) / slots + 1
    print(f"\n{slots} candidates: {seconds:.2f} s and {attempts:.0f} attempts each; refused:")
    for name, number in refused.most_common():
        print(f"  {name:<14}{100 * number / sum(refused.values()):5.1f} %")


def main(count: int) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    space = get_space("evonorm-b")
    graphs = language(space, count)
    draws(count // 5)
    probing(graphs[: count // 5])
    proposing(space, max(3, count // 500))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
