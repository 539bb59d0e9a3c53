"""What a rerank makes of its trainings: the rate of each layer, tests of all seeds or of none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evonas.measuring import Outcome
from evonas.rerank_setup import set_up
from evonas.reranking import RerankPlan, rerank
from evonas.trials import Cell
from results_db.records import AnchorResult, EvaluationRecord
from results_db.store import ResultsDB
from tests.evonas.rerank_runs import RUN, SETTINGS, searched
from workers.pools.serial import SerialPool

PLAN = RerankPlan(seeds=3, rate_seeds=2, rates=(3.0, 0.3, 1.0))

#: Validation and test accuracy of a training, by rate, seed and whether it is tested; or no result.
Trained = Callable[[float, int, bool], tuple[float, float] | None]


def result_of(monkeypatch: pytest.MonkeyPatch, trained: Trained) -> AnchorResult:
    """Of the only layer found, on its only anchor."""

    def outcomes(
        _: object, cells: Sequence[Cell], seeds: range, *, tested: bool
    ) -> dict[Cell, list[Outcome]]:
        return {cell: [outcome(cell, seed, tested) for seed in seeds] for cell in cells}

    def outcome(cell: Cell, seed: int, tested: bool) -> EvaluationRecord:
        found = trained(cell.rate, seed, tested)
        known = {"key": "key", "digest": "c1-0"}
        if found is None:
            return EvaluationRecord(**known, verdict="diverged", reason="loss nan at step 3")
        scores = {"validation": found[0], **({"test": found[1]} if tested else {})}
        return EvaluationRecord(**known, verdict="scored", scores=scores)

    monkeypatch.setattr("evonas.reranking.Laboratory.outcomes", outcomes)
    searched(texts=("x / std[bs](x)",))
    overrides = [*SETTINGS, "baselines=[]"]
    with ResultsDB.open("sqlite:///evonas.db") as db, SerialPool() as pool:
        setup = set_up(db, RUN, preset="quick", overrides=overrides, anchors=("resnet",))
        (layer,) = rerank(db, setup, PLAN, pool, lambda *_: None).record.layers
    return layer.results["resnet"]


def test_the_best_mean_wins_and_neither_the_best_seed_nor_the_best_test(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(rate: float, seed: int, tested: bool) -> tuple[float, float]:
        lucky = {3.0: (0.9, 0.1), 0.3: (0.5, 0.4), 1.0: (0.6, 0.6)}[rate][seed % 2]
        return (0.99 if tested and rate != 1.0 else lucky), 1.0 - rate / 10 + seed / 1e6

    found = result_of(monkeypatch, trained)
    assert (found.rate, found.validation) == (1.0, pytest.approx(0.6))
    assert found.test == pytest.approx((0.902, 0.902001, 0.902002))


def test_of_equal_rates_the_one_nearest_to_the_settings_wins(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert result_of(monkeypatch, lambda *_: (0.5, 0.5)).rate == 1.0


def test_a_rate_that_failed_on_one_seed_is_out_however_good_the_other(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(rate: float, seed: int, tested: bool) -> tuple[float, float] | None:
        return None if rate == 3.0 and seed == 1000 else (rate / 4, 0.5)

    found = result_of(monkeypatch, trained)
    assert found.rate == 1.0
    assert found.failed_rates == {"3": "loss nan at step 3"}


def test_one_failed_test_leaves_none(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(rate: float, seed: int, tested: bool) -> tuple[float, float] | None:
        return None if seed == 2001 else (0.5, 0.5)

    found = result_of(monkeypatch, trained)
    assert found.test == ()
    assert found.failure == "1 of 3 seeds, such as loss nan at step 3"
    assert found.validation == 0.5
