"""Tables of real results, and the layers beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.config import load_config
from evonas.simulator.errors import SimulationError
from evonas.simulator.landscape import Landscape
from evonas.simulator.study import scaled
from evonas.simulator.table import ScoreTable, beside, read_table
from evonas.simulator.workers import SimulatedWorkers
from results_db.store import ResultsDB
from search_spaces.canonical import digest
from search_spaces.text import parse
from tests.evonas.small_database import BEST, HISTORY, PARENT_SCORES, SCORES, make_database
from workers.verdict import Verdict


@pytest.fixture
def table(tmp_path: Path) -> ScoreTable:
    url = f"sqlite:///{tmp_path}/t.db"
    make_database(url)
    with ResultsDB.open(url) as db:
        return read_table(db, "first")


def test_a_table_holds_what_was_evaluated(table: ScoreTable) -> None:
    evaluated = [row for row in HISTORY if row.verdict != Verdict.DUPLICATE]
    assert table.rows.keys() == {row.digest for row in evaluated}
    assert table.anchors == ("mobilenet", "resnet", "vit")
    assert table.seconds() == dict.fromkeys(
        (Verdict.SCORED, Verdict.UNSTABLE, Verdict.LOW_QUALITY), 1.5
    )


def test_layers_of_the_table_have_their_scores(table: ScoreTable) -> None:
    simulated = SimulatedWorkers(scaled(beside(Landscape(0), table), load_config("quick")), table)
    for text, scores in ((BEST, SCORES), ("x / std[bs](x)", PARENT_SCORES)):
        found, _ = simulated.evaluate(parse(text).to_json(), None)
        assert (found.verdict, found.scores) == (Verdict.SCORED, scores)
    again, _ = simulated.evaluate(parse(BEST).to_json(), None, 1)
    assert again.scores.keys() == SCORES.keys()
    assert again.scores != SCORES
    found, _ = simulated.evaluate(parse("exp(x)").to_json(), None)
    assert found.verdict == Verdict.UNSTABLE
    assert found.reason == "gradient norm 3.2e+09 at step 4 on resnet"


def test_layers_beside_the_table_are_the_landscape_s(table: ScoreTable) -> None:
    landscape = beside(Landscape(0, noise=0.0, low_quality=1e-9, unstable=1e-9), table)
    terrain = scaled(landscape, load_config("quick"))
    graph = parse("x * sigmoid(x)")
    assert digest(graph) not in table.rows
    found, _ = SimulatedWorkers(terrain, table).evaluate(graph.to_json(), None)
    expected = SimulatedWorkers(terrain).evaluate(graph.to_json(), None)[0]
    assert found == expected
    assert found.verdict == Verdict.SCORED
    assert found.scores.keys() == set(table.anchors)


def test_a_run_without_scores_makes_no_table(tmp_path: Path) -> None:
    config = load_config("quick")
    with ResultsDB.open(f"sqlite:///{tmp_path}/e.db") as db:
        db.create_run("empty", 0, config.to_dict())
        with pytest.raises(SimulationError, match="'empty' has no scored candidate"):
            read_table(db, "empty")
