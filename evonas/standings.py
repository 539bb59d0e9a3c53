"""What a rerank says: means with intervals, the order, and which differences are significant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.intervals import Interval, interval
from evonas.paired import LEVEL, holm, paired_t
from results_db.records import RerankedLayer, RerankRecord

FOUND, BASELINE = "found", "baseline"


@dataclass(frozen=True, slots=True)
class Standing:
    """A layer and its test accuracies, over the seeds. mean: over the anchors, None if one lacks;
    validation: mean over the anchors in the choice of the rates, by which the layers are ordered.
    """

    layer: RerankedLayer
    tests: dict[str, Interval]
    mean: Interval | None
    validation: float | None

    @property
    def failures(self) -> tuple[str, ...]:
        """Why anchors have no test, or rates were out of the choice; in words."""
        words = []
        for anchor, result in self.layer.results.items():
            if result.failure:
                words.append(f"{anchor}: {result.failure}")
            else:
                words += [f"{anchor} x{r}: {why}" for r, why in result.failed_rates.items()]
        return tuple(words)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A layer against a reference on an anchor, paired over the seeds.

    difference: of the test accuracies, positive if the layer is better; p: of the paired t-test;
    adjusted: the same after Holm's correction over all comparisons of the rerank.
    """

    layer: RerankedLayer
    reference: RerankedLayer
    anchor: str
    difference: Interval
    p: float
    adjusted: float

    @property
    def is_significant(self) -> bool:
        """Whether the layers differ, at the level after correction."""
        return self.adjusted < LEVEL

    @property
    def is_better(self) -> bool:
        """Whether the layer is significantly better."""
        return self.is_significant and self.difference.mean > 0

    @property
    def is_worse(self) -> bool:
        """Whether the layer is significantly worse."""
        return self.is_significant and self.difference.mean < 0


def title(layer: RerankedLayer) -> str:
    """Its name, with the number of the candidate if the run found it: `1a2b3c4d #12`."""
    return layer.name if layer.number is None else f"{layer.name} #{layer.number}"


def anchors_of(record: RerankRecord) -> tuple[str, ...]:
    """In the order of the settings."""
    return tuple(anchor["name"] for anchor in record.settings["evaluation"]["anchors"])


def standings(record: RerankRecord) -> list[Standing]:
    """The layers found, those given, the baselines; each part best validation first, and behind
    them those that failed on an anchor.
    """
    anchors = anchors_of(record)
    found = [_standing(layer, anchors) for layer in record.layers]
    kinds = [FOUND, "given", BASELINE]
    return sorted(
        found,
        key=lambda s: (kinds.index(s.layer.kind), s.mean is None, -(s.validation or 0.0)),
    )


def best(record: RerankRecord) -> Standing | None:
    """The layer found that did best in validation, of those that failed nowhere; no test accuracy
    had a say in it.
    """
    found = (s for s in standings(record) if s.layer.kind == FOUND and s.mean is not None)
    return next(found, None)


def comparisons(record: RerankRecord) -> list[Comparison]:
    """Every layer found against every other layer of the table, baselines and given ones, on each
    anchor where both were tested.
    """
    pairs = [
        (layer, reference, anchor)
        for layer in record.layers
        if layer.kind == FOUND
        for reference in record.layers
        if reference.kind != FOUND
        for anchor in anchors_of(record)
        if layer.results[anchor].test and reference.results[anchor].test
    ]
    differences = [
        _differences(layer.results[anchor].test, reference.results[anchor].test)
        for layer, reference, anchor in pairs
    ]
    ps = [paired_t(values) for values in differences]
    return [
        Comparison(*pair, difference, p, adjusted)
        for pair, values, p, adjusted in zip(pairs, differences, ps, holm(ps), strict=True)
        if (difference := interval(values)) is not None
    ]


def references(compared: Sequence[Comparison], anchors: Sequence[str]) -> str:
    """The references of some comparisons, with their anchors unless it is all of them."""
    by_reference: dict[str, list[str]] = {}
    for comparison in compared:
        by_reference.setdefault(comparison.reference.name, []).append(comparison.anchor)
    return ", ".join(
        name if len(where) == len(anchors) else f"{name} ({', '.join(where)})"
        for name, where in by_reference.items()
    )


def _standing(layer: RerankedLayer, anchors: Sequence[str]) -> Standing:
    results = [layer.results[anchor] for anchor in anchors]
    tests = {a: found for a in anchors if (found := interval(layer.results[a].test)) is not None}
    mean = None
    if len(tests) == len(anchors):
        by_seed = zip(*(result.test for result in results), strict=True)
        mean = interval([sum(values) / len(values) for values in by_seed])
    chosen = [result.validation for result in results if result.validation is not None]
    validation = sum(chosen) / len(chosen) if len(chosen) == len(anchors) else None
    return Standing(layer, tests, mean, validation)


def _differences(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]
