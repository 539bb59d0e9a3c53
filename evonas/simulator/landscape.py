"""A stated landscape: scores and verdicts of any graph, made of what its nodes are next to.

Every active node of the canonical graph has two patterns: its primitive with those of its inputs,
and the same with its inputs' inputs. A hash gives each pattern independent standard normal effects:
one for all anchors, one on quality, one on stability, one for each anchor. A trait of a graph is
the sum of its patterns' effects over the root of the number of nodes, shifted and scaled to mean 0
and variance 1 over random graphs. A mutation, which changes few patterns, keeps part of a trait.
This is the idea of NK landscapes (Kauffman and Levin 1987): `ruggedness` is the share of the
variance that comes from the larger patterns, of which a mutation changes more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist, fmean, pstdev

from search_spaces.graph import Graph
from search_spaces.primitives import ELEMENTWISE
from workers.verdict import Verdict

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Scale:
    """How an anchor turns a trait into an accuracy: low + (high - low) / (1 + exp(-(a + b t)))."""

    middle: float  # a
    slope: float  # b
    low: float = 0.1
    high: float = 0.95

    def accuracy(self, trait: float) -> float:
        """The accuracy of a trait."""
        return self.low + (self.high - self.low) / (
            1.0 + math.exp(-(self.middle + self.slope * trait))
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """What a layer is worth: its verdict, and its accuracy on each anchor, without noise."""

    verdict: Verdict
    scores: dict[str, float]

    @property
    def mean(self) -> float:
        """The mean accuracy; 0 for a layer that a protocol rejects."""
        if self.verdict is not Verdict.SCORED:
            return 0.0
        return math.fsum(self.scores.values()) / len(self.scores)


@dataclass(frozen=True, slots=True)
class Landscape:
    """`seed` draws the effects. agreement: correlation between two anchors' traits; low_quality,
    unstable: shares of random graphs that the protocols reject; quality_tells: correlation of
    quality with the anchors' common trait.

    The defaults are like the 1,000 candidates of the preset `quick`, seed 0, on digits: of random
    graphs 8.7 % were scored and of offspring 30.6 %, mean scores of parents and offspring
    correlated by 0.39, two anchors by 0.13 to 0.40.
    """

    seed: int
    anchors: tuple[str, ...] = ("resnet", "vit", "mobilenet")
    scale: Scale = Scale(middle=0.0, slope=0.5)
    noise: float = 0.05  # standard deviation of a score between seeds
    agreement: float = 0.5
    ruggedness: float = 0.3
    low_quality: float = 0.9
    unstable: float = 0.11
    quality_tells: float = 0.5
    centres: tuple[float, ...] = ()  # of the traits over random graphs
    spreads: tuple[float, ...] = ()

    def centred(self, graphs: Iterable[Graph]) -> Landscape:
        """The landscape whose traits have mean 0 and variance 1 over these canonical graphs."""
        traits = list(zip(*(self._sums(graph) for graph in graphs), strict=True))
        return replace(self, centres=tuple(map(fmean, traits)), spreads=tuple(map(pstdev, traits)))

    def truth(self, graph: Graph) -> Truth:
        """What the layer of a canonical graph is worth."""
        sums = self._sums(graph)
        if self.centres:
            parts = zip(sums, self.centres, self.spreads, strict=True)
            sums = [(total - centre) / spread for total, centre, spread in parts]
        common, quality, stability, *own = sums
        verdict = Verdict.SCORED
        if stability < _NORMAL.inv_cdf(self.unstable):
            verdict = Verdict.UNSTABLE
        elif mixed(common, quality, self.quality_tells**2) < _NORMAL.inv_cdf(self.low_quality):
            verdict = Verdict.LOW_QUALITY
        scores = {
            anchor: self.scale.accuracy(mixed(common, trait, self.agreement))
            for anchor, trait in zip(self.anchors, own, strict=True)
        }
        return Truth(verdict, scores)

    def noisy(self, score: float, digest: str, anchor: str, seed_index: int) -> float:
        """The score that one training of a layer ends with, between 0 and 1."""
        (drawn,) = normals(f"{self.seed} {digest} {anchor} {seed_index}", 1)
        return min(1.0, max(0.0, score + self.noise * drawn))

    def _sums(self, graph: Graph) -> list[float]:
        """Traits, neither shifted nor scaled: of all anchors, quality, stability, each anchor."""
        count = 3 + len(self.anchors)
        sums = [0.0] * count
        near, far = patterns(graph)
        for names, share in ((near, 1.0 - self.ruggedness), (far, self.ruggedness)):
            weight = math.sqrt(share / max(1, len(names)))
            for name in names:
                for i, effect in enumerate(normals(f"{self.seed} {name}", count)):
                    sums[i] += weight * effect
        return sums


def mixed(one: float, other: float, share: float) -> float:
    """A standard normal number of two: `share` is the part of its variance that `one` makes."""
    return math.sqrt(share) * one + math.sqrt(1.0 - share) * other


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


@lru_cache(maxsize=1 << 17)
def normals(text: str, count: int) -> tuple[float, ...]:
    """Standard normal numbers that a text stands for, at most eight."""
    drawn = blake2b(text.encode(), digest_size=8 * count).digest()
    numbers = [int.from_bytes(drawn[8 * i : 8 * i + 8]) >> 12 for i in range(count)]
    return tuple([_NORMAL.inv_cdf((number + 0.5) / 2**52) for number in numbers])
