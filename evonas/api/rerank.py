"""The best layers of a run again, from Python."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evonas.api.arguments import database_url, overrides_of
from evonas.api.layer import Layer, named
from evonas.measuring import Outcome
from evonas.pools import pool_of
from evonas.rerank_setup import set_up, was_reranked_otherwise
from evonas.reranking import Rerank, RerankPlan
from evonas.reranking import rerank as train_again
from evonas.trials import Report, Trial
from results_db.store import ResultsDB

logger = logging.getLogger(__name__)


def rerank(
    run: str | None = None,
    *,
    top: int = 10,
    beside: str | Path | Layer | Sequence[str | Path | Layer] = (),
    preset: str = "small",
    file: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    anchors: Sequence[str] = (),
    seeds: int = 5,
    rate_seeds: int = 3,
    rates: Sequence[float] = (0.3, 1.0, 3.0),
    workers: int | None = None,
    address: str | None = None,
    db: str | None = None,
    report: Report | None = None,
) -> Rerank:
    """Train the `top` best layers of a run again, beside baselines, and test them on data that
    nothing else reads; what every layer came to, and which differences are significant.

    Longer training, other seeds, another batch size, larger or other anchors than in the search; of
    each layer and each baseline the best of several learning rates. Every training is stored as it
    ends: the same call goes on where it was stopped. What differs from the search, and whether the
    test data have been looked at before, is logged.

    run: its name, None for the latest. beside: further layers, as `evonas.score` takes them.
    preset, file, settings: as of `evonas.search`, for anchors, data, training and baselines.
    anchors: by name, the preset's if there are none. seeds: tests of each layer on each anchor;
    rate_seeds: on which the rate is chosen, among these factors on the setting's own. The other
    arguments are those of `evonas.search`; report is called with every training.

    Raises ValueError for numbers that cannot be, RunError, VocabularyError, ConfigError,
    LayerError, TextError, UnfitLayerError, DataError, PoolError and the database's errors.

    >>> import evonas
    >>> tiny = {  # of no use but to be quick
    ...     "training": {"steps": 3, "batch": 8, "warmup": 0},
    ...     "quality.step": 0,
    ...     "anchors": {"vit.warmup": 0, "mobilenet.quality_step": 0},
    ...     "data": {"train": 64, "validation": 64, "test": 32},
    ... }
    >>> found = {"budget": 1, "warm_start": ["EvoNorm-B0"], "baselines": [], "evaluation": tiny}
    >>> board = evonas.search(settings=found, name="tiny", workers=0)
    >>> reranked = evonas.rerank(
    ...     "tiny",
    ...     preset="quick",
    ...     settings={"baselines": ["BN-ReLU"], "evaluation": tiny},
    ...     anchors=["mobilenet"],
    ...     seeds=2,
    ...     rate_seeds=1,
    ...     rates=[1],
    ...     workers=0,
    ... )
    >>> [standing.layer.kind for standing in reranked.standings]
    ['found', 'baseline']
    >>> reranked.best == reranked.standings[0]
    True
    >>> [comparison.reference.name for comparison in reranked.comparisons]
    ['BN-ReLU']
    """
    if top < 1:
        raise ValueError(f"top is how many of the best layers are trained, at least 1; given {top}")
    plan = RerankPlan(seeds, rate_seeds, tuple(dict.fromkeys(map(float, rates))))
    given = [beside] if isinstance(beside, str | Path | Layer) else beside
    with ResultsDB.open(database_url(db), create=False) as results:
        setup = set_up(
            results,
            run,
            top=top,
            preset=preset,
            file=None if file is None else Path(file),
            overrides=overrides_of(settings),
            anchors=anchors,
            given=[named(layer) for layer in given],
        )
        for remark in setup.remarks:
            logger.info("%s", remark)
        with pool_of(workers, address) as pool:
            done = train_again(results, setup, plan, pool, report or _silent)
        if was_reranked_otherwise(results, setup.run, done.record.key):
            logger.warning(
                "run %s was reranked with other settings or layers too: its test data have been "
                "looked at, and choosing between the results would be a choice by them",
                setup.run,
            )
    return done


def _silent(trial: Trial, outcome: Outcome, done: int, total: int) -> None:
    """Nobody asked."""
