"""A stated landscape: scores and verdicts of any graph, made of what its nodes are next to.

Every active node of the canonical graph has two patterns: its primitive with those of its inputs,
and the same with its inputs' inputs. A hash gives each pattern independent effects: one for all
anchors, one on quality, one on stability, one for each anchor. A trait of a graph is the sum of its
patterns' effects over the root of the number of nodes, so that large graphs are no better than
small ones, shifted and scaled to mean 0 and variance 1 over random graphs. A mutation, which
changes few patterns, keeps part of a trait. This is the idea of NK landscapes (Kauffman and Levin
1987): `ruggedness` is the share of the variance that comes from the larger patterns, of which a
mutation changes more. Effects have a heavy `tail`: most mutations do next to nothing, a few make or
break a layer. Noise is inherited too, as where all layers train from the same weights and batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from evonas.simulator.effects import mixed, normals, patterns, sums
from search_spaces.graph import Graph
from workers.verdict import Verdict


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
    """What is stated. `seed` draws the effects. noise: standard deviation of a score between seeds;
    inherited_noise: share of its variance that comes from the patterns; agreement: correlation
    between two anchors' traits; low_quality, unstable: shares of random graphs that the protocols
    reject; quality_tells: correlation of quality with the anchors' common trait.

    The defaults are like real runs of the preset `quick` on digits, which follow in brackets. 9 %
    of random graphs score (4 to 9) and 40 to 44 % of offspring (32 to 56); mean scores of parents
    and offspring of a run correlate by 0.4 (0.3 to 0.4); a third of the offspring differ from their
    parent by less than 0.03 (two fifths to three fifths); 8 to 10 % of what the best tenth of the
    parents bred is in the best tenth of its run (14 to 29), of what the lower half bred 2 % (1 to
    2). So real layers inherit more.
    """

    seed: int
    anchors: tuple[str, ...] = ("resnet", "vit", "mobilenet")
    scale: Scale = Scale(middle=0.0, slope=0.5)
    noise: float = 0.05
    inherited_noise: float = 0.7
    agreement: float = 0.5
    ruggedness: float = 0.3
    tail: float = 5.0
    low_quality: float = 0.9
    unstable: float = 0.11
    quality_tells: float = 0.5

    def sums(self, graph: Graph) -> list[float]:
        """Traits, neither shifted nor scaled: of all anchors, quality, stability, each anchor."""
        count = 3 + len(self.anchors)
        names = patterns(graph)
        near, far = (sums(some, f"{self.seed}", count, self.tail) for some in names)
        root = math.sqrt(max(1, len(names[0])))
        return [mixed(b, a, self.ruggedness) / root for a, b in zip(near, far, strict=True)]

    def quality(self, common: float, quality: float) -> float:
        """What the quality protocol sees of two traits of variance 1."""
        return mixed(common, quality, self.quality_tells**2)


@dataclass(frozen=True, slots=True)
class Terrain:
    """A landscape whose traits are scaled. centres, spreads: of the traits; least_stability,
    least_quality: below them a protocol rejects."""

    landscape: Landscape
    centres: tuple[float, ...]
    spreads: tuple[float, ...]
    least_stability: float
    least_quality: float

    @classmethod
    def over(cls, landscape: Landscape, graphs: Iterable[Graph]) -> Terrain:
        """Scaled over these canonical graphs, of which the stated shares are rejected."""
        totals = np.array([landscape.sums(graph) for graph in graphs])
        centres, spreads = totals.mean(0), totals.std(0)
        common, quality, stability = ((totals - centres) / spreads).T[:3]
        seen = [landscape.quality(*traits) for traits in zip(common, quality, strict=True)]
        return cls(
            landscape,
            tuple(centres.tolist()),
            tuple(spreads.tolist()),
            float(np.quantile(stability, landscape.unstable)),
            float(np.quantile(seen, landscape.low_quality)),
        )

    def truth(self, graph: Graph) -> Truth:
        """What the layer of a canonical graph is worth."""
        of = self.landscape
        parts = zip(of.sums(graph), self.centres, self.spreads, strict=True)
        common, quality, stability, *own = [(total - c) / spread for total, c, spread in parts]
        verdict = Verdict.SCORED
        if stability < self.least_stability:
            verdict = Verdict.UNSTABLE
        elif of.quality(common, quality) < self.least_quality:
            verdict = Verdict.LOW_QUALITY
        scores = {
            anchor: of.scale.accuracy(mixed(common, trait, of.agreement))
            for anchor, trait in zip(of.anchors, own, strict=True)
        }
        return Truth(verdict, scores)

    def noisy(self, score: float, graph: Graph, digest: str, anchor: str, seed_index: int) -> float:
        """The score that one training of a layer ends with, between 0 and 1."""
        of = self.landscape
        training = f"{of.seed} {anchor} {seed_index}"
        names = list(chain(*patterns(graph)))
        (passed_on,) = sums(names, training, 1, tail=1.0)
        (own,) = normals(f"{training} {digest}", 1)
        drawn = mixed(passed_on / math.sqrt(max(1, len(names))), own, of.inherited_noise)
        return min(1.0, max(0.0, score + of.noise * drawn))
