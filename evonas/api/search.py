"""A search, from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evonas.api.arguments import config_of, database_url
from evonas.config import config_from_dict
from evonas.evolution import Stop, run_search
from evonas.leaderboard import Leaderboard, leaderboard
from evonas.pools import pool_of
from evonas.progress import Progress
from evonas.runs import create, may_go_on
from evonas.vocabulary import with_primitives
from results_db.store import ResultsDB
from workers.preparation import prepare


def search(
    preset: str = "quick",
    *,
    file: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    name: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    db: str | None = None,
    count: int = 10,
    report: Callable[[Progress], None] | None = None,
) -> Leaderboard:
    """Search until the budget or the time is spent; the `count` best layers and the baselines,
    which print as a table.

    The same call with the `name` of an unfinished run goes on with it. Ctrl-C stops at once; what
    is committed is kept.

    preset: "quick", "small" or "paper". file: a run file, laid over it. settings: over both, such
    as {"budget": 100, "evolution.lag": 8}. workers: processes, None for one a CPU, 0 for none
    beside this one. address: of a Ray cluster. db: URL of the results database, None for that of
    EVONAS_DB, else evonas.db in the working directory. report: called twice a second.

    Raises ConfigError, RunError, SearchError, BaselineError, PoolError and the database's errors.

    >>> import evonas
    >>> tiny = {  # of no use but to be quick
    ...     "training": {"steps": 3, "batch": 8, "warmup": 0},
    ...     "anchors.vit.warmup": 0,
    ...     "data": {"train": 64, "validation": 64},
    ... }
    >>> board = evonas.search(
    ...     settings={"budget": 2, "baselines": ["BN-ReLU"], "evaluation": tiny},
    ...     name="tiny",
    ...     workers=0,
    ... )
    >>> board.anchors
    ('resnet', 'vit', 'mobilenet')
    >>> [entry.name for entry in board.baselines]
    ['BN-ReLU']
    >>> print(board)  # doctest: +ELLIPSIS
    run tiny
    layer ... resnet    vit  mobilenet   mean  verdict ... formula
    ...BN-ReLU (baseline) ... max(v1 * (x - mean[bs](x)) / std[bs](x) + v0, 0)
    """
    config = with_primitives(config_of(preset, file, settings), ())
    with ResultsDB.open(database_url(db)) as results:
        going_on = name is not None and may_go_on(results, name, config)
        stored = config_from_dict(results.run(name).config) if going_on and name else config
        prepare(stored.evaluation)
        with pool_of(workers, address) as pool:
            run = name if going_on and name else create(results, name, config)
            run_search(results, run, pool, report=report or _silent, stop=Stop())
        return leaderboard(results, run, count)


def _silent(progress: Progress) -> None:
    """Nobody asked."""
