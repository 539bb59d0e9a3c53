"""What the patterns of a graph do: random effects, a few of them large."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist

from search_spaces.graph import Graph
from search_spaces.primitives import ELEMENTWISE

_NORMAL = NormalDist()


def patterns(graph: Graph) -> tuple[list[str], list[str]]:
    """Of every active node: its primitive with those of its inputs; with its inputs' inputs too."""
    words: dict[int, str] = {}
    near: dict[int, str] = {}
    far = []
    for position in graph.active():
        node = graph.node(position)
        if node is None:
            words[position] = near[position] = graph.initial[position]
            continue
        words[position] = node.op
        commutes = node.op in ELEMENTWISE and ELEMENTWISE[node.op].commutative
        order = sorted if commutes else list
        near[position] = f"{node.op}({','.join(order([words[i] for i in node.inputs]))})"
        far.append(f"{node.op}({','.join(order([near[i] for i in node.inputs]))})")
    # Sorted, so that the sums of equal graphs are rounded alike.
    return sorted([near[i] for i in near if graph.node(i) is not None]), sorted(far)


def sums(names: Iterable[str], prefix: str, count: int, tail: float) -> list[float]:
    """The sums over all names of `count` independent effects of mean 0 and variance 1.

    An effect is a standard normal number to the power of `tail`, with its sign: at 1 it is normal,
    above that most are near 0 and a few are large.
    """
    totals = [0.0] * count
    for name in names:
        for i, effect in enumerate(_effects(f"{prefix} {name}", count, tail)):
            totals[i] += effect
    return totals


@lru_cache(maxsize=1 << 17)
def _effects(text: str, count: int, tail: float) -> tuple[float, ...]:
    variance = 2**tail * math.gamma(tail + 0.5) / math.sqrt(math.pi)
    scale = 1.0 / math.sqrt(variance)
    return tuple([math.copysign(scale * abs(x) ** tail, x) for x in normals(text, count)])


def normals(text: str, count: int) -> tuple[float, ...]:
    """Standard normal numbers that a text stands for, at most eight."""
    drawn = blake2b(text.encode(), digest_size=8 * count).digest()
    numbers = [int.from_bytes(drawn[8 * i : 8 * i + 8]) >> 12 for i in range(count)]
    return tuple([_NORMAL.inv_cdf((number + 0.5) / 2**52) for number in numbers])


def mixed(one: float, other: float, share: float) -> float:
    """Of two numbers of variance 1 a third one: `share` is the part of it that `one` makes."""
    return math.sqrt(share) * one + math.sqrt(1.0 - share) * other
