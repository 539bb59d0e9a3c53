"""`evonas diff` and `evonas lineage`."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.difference import Change, changes
from results_db import ResultsDB
from search_spaces.canonical import canonical, digest
from search_spaces.edit_distance import edits
from search_spaces.graph import Graph, Node
from search_spaces.text import parse
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import BEST, HISTORY, RUN, SCORES, candidate
from workers.verdict import Verdict

S0 = "x * sigmoid(v1 * x) / std[sg](x)"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (S0, S0.replace("std", "rms"), [Change("replaced", "std[sg](x)", "rms[sg](x)")]),
        (
            "exp(x)",
            "exp(abs(x))",
            [Change("added", None, "abs(x)"), Change("rewired", "exp(x)", "exp(abs(x))")],
        ),
        (
            "max(tanh(x), v0)",
            "tanh(x)",
            [Change("removed", "v0", None), Change("removed", "max(v0, tanh(x))", None)],
        ),
        ("x / std[s](x)", "std[s](x) / x", [Change("rewired", "x / std[s](x)", "std[s](x) / x")]),
        ("v0 * x", "v1 * x", [Change("replaced", "v0", "v1")]),
    ],
)
def test_changes(one: str, other: str, expected: list[Change]) -> None:
    assert list(changes(edits(parse(one), parse(other)))) == expected


def test_diff_of_layers_that_no_run_has(here: Path) -> None:
    facts = as_json("diff", "EvoNorm-S0", S0.replace("std", "rms"))
    assert (facts["a"]["name"], facts["distance"], facts["is_least"]) == ("EvoNorm-S0", 1, True)
    assert facts["changes"] == [{"kind": "replaced", "before": "std[sg](x)", "after": "rms[sg](x)"}]
    assert facts["scores"] is None
    assert {"property": "cost: reductions", "a": "1", "b": "1"} not in facts["properties"]
    shown = succeed("diff", "EvoNorm-S0", S0.replace("std", "rms"))
    assert "1 edit of values and inputs" in shown
    assert "No run in this database has scored both" in shown
    assert not list(here.iterdir())


def test_diff_of_a_layer_and_itself(here: Path) -> None:
    assert "The same layer" in succeed("diff", "EvoNorm-S0", S0)
    assert as_json("diff", "tanh", "tanh(x) + 0")["distance"] == 0


def test_diff_says_what_a_change_did_to_the_scores(database: Path) -> None:
    facts = as_json("diff", "x / std[bs](x)", BEST)
    assert (facts["scores"]["run"], facts["scores"]["a"], facts["scores"]["b"]) == (
        RUN,
        "candidate 0",
        "candidate 3",
    )
    by_anchor = {row["anchor"]: row["change"] for row in facts["scores"]["anchors"]}
    assert by_anchor == dict.fromkeys(SCORES, 0.25)
    shown = succeed("diff", "x / std[bs](x)", BEST)
    assert f"run {RUN}: A is candidate 0, B is candidate 3" in shown
    assert shown.count("+0.250") == 3
    rows = list(csv.DictReader(io.StringIO(succeed("diff", "ReLU", BEST, "--format", "csv"))))
    scores = {row["name"]: row["change"] for row in rows if row["part"] == "score"}
    assert scores == {"resnet": "-0.125", "vit": "0.0", "mobilenet": "0.0"}
    assert "the baseline BN-ReLU" in succeed("diff", "ReLU", BEST)


def test_layers_of_different_runs_are_not_compared_by_score(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run("other", 1, db.run(RUN).config)
        with db.writer("other") as writer:
            writer.commit([candidate(0, "tanh(x)", Verdict.SCORED, scores=SCORES)])
    assert as_json("diff", "tanh", BEST)["scores"] is None


def test_lineage_from_the_random_graph(database: Path) -> None:
    found = as_json("lineage", BEST)
    assert found["run"] == RUN
    first, last = found["steps"]
    assert (first["number"], first["changes"], first["mean"]) == (0, None, 0.375)
    assert (last["number"], last["scores"], last["mean"]) == (3, SCORES, 0.625)
    assert {"kind": "rewired", "before": "std[bs](x)", "after": "std[bs](x * sigmoid(v1 * x))"} in (
        last["changes"]
    )
    assert parse(last["text"])
    shown = succeed("lineage", str(HISTORY[3].digest))
    assert "a random graph" in shown
    assert "std[bs](x) -> std[bs](x * sigmoid(v1 * x))" in shown
    assert "piece of" not in shown


def test_lineage_from_a_warm_start(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run("warm", 1, db.run(RUN).config)
        with db.writer("warm") as writer:
            seed = candidate(0, "tanh(x)", Verdict.SCORED, scores=SCORES)
            writer.commit([replace(seed, origin="warm start: tanh")])
    assert (
        as_json("lineage", "tanh(x)", "--run", "warm")["steps"][0]["origin"] == "warm start: tanh"
    )
    assert "warm start: tanh" in succeed("lineage", "tanh(x)", "--run", "warm")


def test_lineage_names_the_donor_and_mutations_without_effect(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db, db.writer(RUN) as writer:
        grafted = "a = x * sigmoid(v1 * x); tanh(x) * a / std[bs](a)"
        writer.commit([candidate(6, grafted, Verdict.SCORED, scores=SCORES, parent=3, donor=2)])
        graph = canonical(parse(grafted))
        dead = Graph(graph.initial, (Node("exp", (0,)), *_shifted(graph)))
        assert digest(dead) == digest(graph)
        row = candidate(7, grafted, Verdict.SCORED, scores=SCORES, parent=6)
        assert row.digest == digest(dead)
        writer.commit([candidate(7, grafted, Verdict.SCORED, scores=SCORES, parent=6)])
    first, second, third = as_json("lineage", grafted)["steps"]  # the first of equal candidates
    assert [step["number"] for step in (first, second, third)] == [0, 3, 6]
    assert (third["donor"], third["donor_text"]) == (2, "tanh(x)")
    assert "piece of" in succeed("lineage", grafted)
    rows = list(csv.DictReader(io.StringIO(succeed("lineage", grafted, "--format", "csv"))))
    assert [row["resnet"] for row in rows] == ["0.5", "0.75", "0.75"]
    assert rows[2]["donor_text"] == "tanh(x)"


def _shifted(graph: Graph) -> tuple[Node, ...]:
    base = len(graph.initial)
    return tuple(Node(n.op, tuple(i + (i >= base) for i in n.inputs)) for n in graph.nodes)


def test_lineage_in_the_run_that_is_asked_for(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run("other", 1, db.run(RUN).config)
        with db.writer("other") as writer:
            writer.commit([candidate(0, BEST, Verdict.SCORED, scores=SCORES)])
    assert as_json("lineage", BEST)["run"] == "other"
    assert len(as_json("lineage", BEST, "--run", RUN)["steps"]) == 2
    wrong = run("lineage", BEST, "--run", "third")
    assert wrong.exit_code == 2
    assert "run 'third' has not found" in wrong.stderr
    assert f"these have: {RUN}, other" in wrong.stderr


def test_lineage_of_a_layer_that_no_run_found(database: Path) -> None:
    result = run("lineage", "GELU")
    assert result.exit_code == 2
    assert "no run has found GELU" in result.stderr
