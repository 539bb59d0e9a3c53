"""Scores of any layers, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evonas.api.arguments import config_of, database_url
from evonas.api.layer import Layer, named
from evonas.pools import pool_of
from evonas.scoring import Report, ScoreList, Subject, score_layers, subjects
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from workers.preparation import prepare


def score(
    layers: str | Path | Layer | Sequence[str | Path | Layer],
    preset: str = "quick",
    *,
    file: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    seeds: int = 3,
    baselines: bool = True,
    workers: int | None = None,
    address: str | None = None,
    db: str | None = None,
    report: Report | None = None,
) -> ScoreList:
    """Train layers on every anchor with so many seeds, beside the baselines of the preset.

    The result prints as a table. What the database holds under the same settings is not trained
    again. A layer is anything that `evonas.Layer` takes, or a class of your own as
    "my_package.my_module:MyNorm"; the other arguments are those of `evonas.search`.

    Raises ValueError for no layer or fewer than one seed, LayerError, TextError, UnfitLayerError,
    ConfigError, PoolError and the database's errors.

    >>> import evonas
    >>> tiny = {  # of no use but to be quick
    ...     "training": {"steps": 3, "batch": 8, "warmup": 0},
    ...     "anchors.vit.warmup": 0,
    ...     "data": {"train": 64, "validation": 64},
    ... }
    >>> every = evonas.score(
    ...     "EvoNorm-S0",
    ...     settings={"evaluation": tiny},
    ...     seeds=2,
    ...     baselines=False,
    ...     workers=0,
    ... )
    >>> every[0].subject.name, len(every[0].values("resnet"))
    ('EvoNorm-S0', 2)
    >>> print(every)  # doctest: +ELLIPSIS
    layer ... resnet ... vit ... mobilenet ... mean  verdicts ... formula
    EvoNorm-S0  0... ± ... x * sigmoid(v1 * x) / std[sg](x)
    """
    if seeds < 1:
        raise ValueError(f"seeds is how many trainings each layer gets, at least 1; given {seeds}")
    config = config_of(preset, file, settings)
    given = [layers] if isinstance(layers, str | Path | Layer) else list(layers)
    if not given:
        raise ValueError(
            'give at least one layer, such as "GN-ReLU"; baselines are scored beside it. '
            f"Given {layers!r}"
        )
    names = [named(layer) for layer in given]
    with ResultsDB.open(database_url(db)) as results:
        wanted = subjects(names, config, results, baselines=baselines)
        prepare(config.evaluation)
        with pool_of(workers, address) as pool:
            return score_layers(wanted, config.evaluation, seeds, pool, results, report or _silent)


def _silent(
    subject: Subject, seed: int, outcome: EvaluationRecord | str, done: int, total: int
) -> None:
    """Nobody asked."""
