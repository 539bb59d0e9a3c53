"""What is said of a rerank's results: order, means, significance, failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import ttest_rel

from evonas.intervals import interval
from evonas.paired import holm
from evonas.standings import anchors_of, best, comparisons, standings, title
from results_db.records import AnchorResult, RerankedLayer, RerankRecord

ANCHORS = ("resnet", "vit")
BASE = (0.50, 0.52, 0.48, 0.51, 0.49)


def layer(name: str, kind: str, validation: float, **tests: Any) -> RerankedLayer:
    """Tests by anchor; one is missing where they are a reason. A layer that failed in the tests
    alone had a rate chosen.
    """
    chosen = {"rate": 1.0, "validation": validation}
    results = {
        anchor: AnchorResult(failure=values, **(chosen if "of 5 seeds" in values else {}))
        if isinstance(values, str)
        else AnchorResult(test=tuple(values), **chosen)
        for anchor, values in tests.items()
    }
    number = 7 if kind == "found" else None
    return RerankedLayer(
        name=name, kind=kind, digest=name, text=name, number=number, results=results
    )


def plus(difference: float, noise: float = 0.001) -> list[float]:
    return [x + difference + noise * (-1) ** i * i for i, x in enumerate(BASE)]


LAYERS = (
    layer("BN", "baseline", 0.5, resnet=BASE, vit=BASE),
    layer("GN", "baseline", 0.7, resnet=plus(-0.1, 0.002), vit="every rate: loss nan"),
    layer("lucky", "found", 0.6, resnet=plus(0.3), vit=plus(0.3)),
    layer("chosen", "found", 0.8, resnet=plus(0.1), vit=plus(-0.1)),
    layer("broken", "found", 0.9, resnet=plus(0.2), vit="2 of 5 seeds: loss nan"),
    layer("mine", "given", 0.4, resnet=plus(0.0, 0.05), vit=plus(0.0, 0.003)),
)
RECORD = RerankRecord(
    run="run",
    key="key",
    settings={"evaluation": {"anchors": [{"name": name} for name in ANCHORS]}},
    layers=LAYERS,
)


def test_the_order_is_that_of_validation_by_kind_and_failed_layers_come_last() -> None:
    order = [s.layer.name for s in standings(RECORD)]
    assert order == ["chosen", "lucky", "broken", "mine", "BN", "GN"]
    assert anchors_of(RECORD) == ANCHORS
    assert (title(LAYERS[2]), title(LAYERS[0])) == ("lucky #7", "BN")


def test_the_best_is_chosen_without_the_tests() -> None:
    chosen = best(RECORD)
    assert chosen is not None
    assert chosen.layer.name == "chosen", "lucky has the best tests, broken the best validation"


def test_means_are_over_seeds_and_there_is_none_for_what_failed() -> None:
    by_name = {s.layer.name: s for s in standings(RECORD)}
    chosen = by_name["chosen"]
    assert chosen.tests["resnet"] == interval(LAYERS[3].results["resnet"].test)
    pairs = zip(plus(0.1), plus(-0.1), strict=True)
    assert chosen.mean == interval([(a + b) / 2 for a, b in pairs])
    broken = by_name["broken"]
    assert broken.mean is None
    assert broken.tests.keys() == {"resnet"}
    assert broken.failures == ("vit: 2 of 5 seeds: loss nan",)


def test_a_rate_that_failed_is_told_though_another_did_well() -> None:
    result = AnchorResult(rate=0.3, validation=0.5, test=BASE, failed_rates={"3": "loss inf"})
    one = RerankedLayer(
        name="a", kind="found", digest="a", text="a", results={"resnet": result, "vit": result}
    )
    record = RerankRecord(run="run", key="k", settings=RECORD.settings, layers=(one,))
    (standing,) = standings(record)
    assert standing.failures == ("resnet x3: loss inf", "vit x3: loss inf")
    assert standing.mean is not None


def test_comparisons_are_paired_and_corrected_together() -> None:
    found = comparisons(RECORD)
    names = [(c.layer.name, c.reference.name, c.anchor) for c in found]
    assert len(names) == len(set(names)) == 3 * 3 * 2 - 5, "five cells lack a test"
    for c in found:
        a, b = (x.results[c.anchor].test for x in (c.layer, c.reference))
        assert c.p == pytest.approx(ttest_rel(a, b).pvalue)
        assert c.difference == interval([x - y for x, y in zip(a, b, strict=True)])
    assert [c.adjusted for c in found] == holm([c.p for c in found])


def test_better_and_worse_are_told_apart_from_noise() -> None:
    said = {
        (c.layer.name, c.reference.name, c.anchor): (c.is_better, c.is_worse)
        for c in comparisons(RECORD)
    }
    assert said["lucky", "BN", "vit"] == (True, False)
    assert said["chosen", "BN", "vit"] == (False, True)
    assert said["chosen", "mine", "resnet"] == (False, False)


def test_a_small_p_among_many_comparisons_is_not_significant() -> None:
    near = [layer(f"near {i}", "found", 0.5, resnet=plus(0.0, 0.01), vit=BASE) for i in range(9)]
    clear = layer("clear", "found", 0.5, resnet=plus(0.01, 0.003), vit=BASE)
    record = replace(RECORD, layers=(LAYERS[0], *near, clear))
    found = {c.layer.name: c for c in comparisons(record) if c.anchor == "resnet"}["clear"]
    assert found.p < 0.05 < found.adjusted
    assert not found.is_significant
    assert not found.is_better


def test_without_a_layer_that_was_tested_everywhere_there_is_no_best() -> None:
    record = RerankRecord(run="run", key="k", settings=RECORD.settings, layers=LAYERS[:2])
    assert best(record) is None
    assert comparisons(record) == []
    assert best(replace(record, layers=LAYERS[4:])) is None, "broken failed on an anchor"
