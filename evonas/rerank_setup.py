"""What a rerank needs before it begins: its layers, its settings, its data at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.config import config_from_dict
from evonas.contenders import Contender, contenders
from evonas.held_out import held_out, rerank_config
from evonas.runs import RunError, latest
from evonas.vocabulary import require_primitives
from results_db.store import ResultsDB
from workers.preparation import prepare
from workers.retraining import check_test_data
from workers.settings import EvaluationConfig


@dataclass(frozen=True, slots=True)
class RerankSetup:
    """run: its name; primitives: its own, with pins; remarks: what the user should know."""

    run: str
    layers: tuple[Contender, ...]
    evaluation: EvaluationConfig
    primitives: tuple[str, ...]
    remarks: tuple[str, ...]


def set_up(
    db: ResultsDB,
    run: str | None = None,
    *,
    top: int = 10,
    preset: str = "small",
    file: Path | None = None,
    overrides: Sequence[str] = (),
    anchors: Sequence[str] = (),
    given: Sequence[str] = (),
    command: str | None = None,
) -> RerankSetup:
    """The rerank of a run's `top` best layers, None: of the latest run, beside the layers `given`.

    `command` is what to call again with primitives of the user's own. Raises RunError, and what
    reading the settings, the layers, the database and the data raises.
    """
    name = latest(db, run)
    searched = config_from_dict(db.run(name).config)
    require_primitives(name, searched, command or f"evonas rerank {name}")
    config = rerank_config(searched, preset, file, overrides, anchors)
    held = held_out(searched.evaluation, config.evaluation)
    chosen = contenders(db, name, top, given, config)
    if not any(layer.kind == "found" for layer in chosen.layers):
        raise RunError(
            f"run {name!r} has no layer to train again; `evonas status {name}` shows where its "
            "candidates ended"
        )
    prepare(held.evaluation, protocols=False)
    check_test_data(held.evaluation)
    differences = [f"{anchor}: {words}" for anchor, words in held.differences.items()]
    remarks = (*chosen.left_out, *differences)
    return RerankSetup(name, chosen.layers, held.evaluation, searched.primitives, remarks)


def was_reranked_otherwise(db: ResultsDB, run: str, key: str) -> bool:
    """Whether a rerank of the run under another key is stored: its test data have been seen."""
    return any(record.key != key for record in db.reranks(run))
