"""Results as pandas data frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evonas.api.arguments import database_url
from evonas.layers import one_line
from evonas.leaderboard import Leaderboard, anchors_of
from evonas.runs import latest
from evonas.scoring import LayerScores
from results_db.store import ResultsDB


def to_dataframe(
    what: str | Leaderboard | Sequence[LayerScores] | None = None, *, db: str | None = None
) -> Any:
    """A pandas DataFrame with a row for each layer, and a column for each anchor and each cost that
    the run asked for.

    what: the name of a run for all its candidates (None for the newest run), what `evonas.search`
    gave, or what `evonas.score` gave, with a row for each seed.

    Raises ImportError that says what to install if there is no pandas; RunNotFound.

    >>> import evonas
    >>> tiny = {  # of no use but to be quick
    ...     "training": {"steps": 3, "batch": 8, "warmup": 0},
    ...     "anchors.vit.warmup": 0,
    ...     "data": {"train": 64, "validation": 64},
    ... }
    >>> scores = evonas.score(
    ...     ["tanh", "ReLU"],
    ...     settings={"evaluation": tiny},
    ...     seeds=1,
    ...     baselines=False,
    ...     workers=0,
    ... )
    >>> frame = evonas.to_dataframe(scores)
    >>> list(frame.index)
    [('tanh', 0), ('ReLU', 0)]
    >>> list(frame.columns)
    ['text', 'verdict', 'reason', 'resnet', 'vit', 'mobilenet']
    """
    try:
        import pandas
    except ImportError:
        raise ImportError(
            "to_dataframe needs pandas: run `pip install 'evonas[pandas]'`, or read "
            "`evonas candidates --format csv`"
        ) from None
    if isinstance(what, Leaderboard):
        index, columns, rows = ["name"], _BOARD, _board(what)
        anchors = what.anchors
    elif what is None or isinstance(what, str):
        with ResultsDB.open(database_url(db), create=False) as results:
            run = latest(results, what)
            index, columns, rows = ["number"], _HISTORY, _candidates(results, run)
            anchors = anchors_of(results.run(run))
    else:
        index, columns, rows = ["name", "seed"], _SEEDS, _seeds(what)
        anchors = tuple(dict.fromkeys(anchor for row in rows for anchor in row["scores"]))
    costs = tuple(dict.fromkeys(name for row in rows for name in row.get("costs", ())))
    flat = [{**row, **row["scores"], **row.get("costs", {})} for row in rows]
    frame = pandas.DataFrame(flat, columns=[*index, *columns, *anchors, *costs])
    whole = {name: "Int64" for name in ("number", "parent", "donor", "repeat_of") if name in frame}
    return frame.astype(whole).set_index(index)  # Int64 knows missing values


_BOARD: tuple[str, ...] = (
    "number",
    "digest",
    "text",
    "verdict",
    "reason",
    "seeds",
    "mean",
    "pareto",
)
_HISTORY: tuple[str, ...] = (
    "parent",
    "donor",
    "origin",
    "repeat_of",
    "seed_index",
    "digest",
    "text",
    "verdict",
    "reason",
    "seconds",
    "mean",
)
_SEEDS: tuple[str, ...] = ("text", "verdict", "reason")


def _board(board: Leaderboard) -> list[dict[str, Any]]:
    return [
        {**asdict(entry), "text": one_line(entry.text)}
        for entry in (*board.found, *board.baselines)
    ]


def _candidates(db: ResultsDB, run: str) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(row, name) for name in ("number", "scores", "costs", *_HISTORY[:-1])},
            "text": one_line(row.text),
            "mean": row.mean_score,
        }
        for row in db.candidates(run)
    ]


def _seeds(scores: Sequence[LayerScores]) -> list[dict[str, Any]]:
    return [
        {
            "name": layer.subject.name,
            "seed": seed,
            "text": layer.subject.text,
            "verdict": record.verdict,
            "reason": record.reason,
            "scores": record.scores,
        }
        for layer in scores
        for seed, record in sorted(layer.records.items())
    ]
