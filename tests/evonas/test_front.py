"""What `pareto` calls better in a run that evaluated layers again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evonas.config import load_config
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.command_line import as_json, run
from tests.evonas.small_database import RUN, SCORES, candidate
from workers.verdict import Verdict

TEXTS = ("x / std[bs](x)", "x / rms[bs](x)", "x / rms[s](x)")


def row(number: int, of: int | None = None, shift: float = 0.0, **further: Any) -> CandidateRecord:
    """A scored candidate, or a second evaluation of the candidate `of`."""
    scores = {anchor: score + shift for anchor, score in SCORES.items()}
    fields: dict[str, Any] = {"scores": scores, **further}
    if of is not None:
        fields |= {"repeat_of": of, "seed_index": 1, "attempts": 0, "refused": {}}
    text = TEXTS[number if of is None else of]
    return candidate(number, text, fields.pop("verdict", Verdict.SCORED), **fields)


def commit(*rows: CandidateRecord) -> None:
    config = load_config("quick", overrides=["evolution.objectives=['scores', 'passes']"])
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run(RUN, 0, config.to_dict(), budget=9)
        with db.writer(RUN) as writer:
            writer.commit(rows)


def test_a_cheaper_layer_is_better_though_the_noise_is_unknown(here: Path) -> None:
    cheap, dear = {"passes": 1.0}, {"passes": 3.0}
    commit(row(0, costs=dear), row(1, costs=cheap), row(2, of=0), row(3, of=1))
    shown = run("pareto")
    assert TEXTS[0] not in shown.stdout, "as good, and dearer"
    assert TEXTS[1] in shown.stdout
    said = " ".join(shown.stderr.split())
    assert "not known yet, so no layer is called better for its scores." in said


@pytest.mark.parametrize("verdict", [Verdict.UNSTABLE, Verdict.LOW_QUALITY, Verdict.DIVERGED])
def test_who_fell_on_a_further_seed_is_not_on_the_front(here: Path, verdict: Verdict) -> None:
    costs = {"passes": 1.0}
    fallen = row(3, of=1, verdict=verdict, scores={})
    commit(row(0, costs=costs), row(1, shift=0.2, costs=costs), row(2, of=0), fallen)
    assert [layer["number"] for layer in as_json("pareto")] == [0]


def test_a_further_seed_that_the_machine_failed_at_compares_nothing(here: Path) -> None:
    lost = row(1, of=0, verdict=Verdict.CRASH, scores={})
    commit(row(0, costs={"passes": 1.0}), lost)
    assert "no layer yet that is scored on several seeds" in run("pareto").stderr
    (found,) = as_json("top")[:1]
    assert (found["number"], found["seeds"], found["pareto"]) == (0, 1, False)
