"""runs, status, candidates, top, zoo, spaces, primitives, anchors."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest

from results_db.records import CandidateRecord
from search_spaces.space import SPACES
from search_spaces.text import parse
from search_spaces.zoo import ZOO
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import HISTORY, RUN, SCORES, candidate


def test_runs(database: Path) -> None:
    (row,) = as_json("runs")
    assert row["run"] == RUN
    assert (row["committed"], row["budget"], row["scored"]) == (6, 20, 2)
    assert row["best_mean"] == 0.625
    assert RUN in succeed("runs")


def test_candidates_come_in_order(database: Path) -> None:
    rows = as_json("candidates", RUN)
    assert [row["number"] for row in rows] == list(range(6))
    assert [row["digest"] for row in rows] == [row.digest for row in HISTORY]
    assert rows[3]["parent"] == 0
    assert rows[3]["scores"] == SCORES
    assert rows[4]["duplicate_of"] == 0
    assert all("\n" not in row["text"] for row in rows)
    assert [parse(row["text"]) for row in rows]


def test_candidates_of_one_verdict(database: Path) -> None:
    rows = as_json("candidates", "--verdict", "low-quality")
    assert [row["number"] for row in rows] == [2]


def test_candidates_as_csv_have_a_column_for_each_anchor(database: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(succeed("candidates", "--format", "csv"))))
    assert len(rows) == 6
    assert [rows[3][anchor] for anchor in SCORES] == ["0.75", "0.5", "0.625"]
    assert rows[1]["reason"] == "gradient norm 3.2e+09 at step 4 on resnet"


def test_candidates_table_says_why(database: Path) -> None:
    shown = succeed("candidates")
    assert "gradient norm 3.2e+09 at step 4 on resnet" in shown
    assert "0.750" in shown


def test_top_puts_baselines_beside_the_best(database: Path) -> None:
    rows = as_json("top")
    assert [row["kind"] for row in rows] == ["found", "found", "baseline", "baseline"]
    assert rows[0]["digest"] == HISTORY[3].digest
    assert rows[0]["mean"] == 0.625
    assert rows[0]["pareto"]
    assert not rows[1]["pareto"]
    rectifier = rows[3]
    assert rectifier["name"] == "rectifier"
    assert rectifier["scores"] == {"resnet": 0.5, "vit": None, "mobilenet": None}
    assert rectifier["mean"] is None
    table = succeed("top", RUN, "-n", "1")
    assert "unstable" in table
    assert HISTORY[3].digest is not None
    assert HISTORY[3].digest[3:11] in table
    assert HISTORY[0].digest is not None
    assert HISTORY[0].digest[3:11] not in table


def test_status_shows_the_funnel(database: Path) -> None:
    facts = as_json("status")
    assert facts["attempts"] == 60
    assert facts["attempts_per_candidate"] == 10
    assert facts["refused"] == {"stack": 36, "no path": 18}
    assert facts["verdicts"]["unstable"] == 2
    passed = {stage["name"]: (stage["asked"], stage["passed"]) for stage in facts["stages"]}
    # 5 evaluated: one fell in the first ascent, one at quality, one in the full ascent.
    assert passed == {
        "stability, first steps": (5, 4),
        "quality": (4, 3),
        "training without divergence": (3, 3),
        "stability, all steps": (3, 2),
        "all of them": (5, 2),
    }
    shown = succeed("status")
    assert "60 attempts, 10 for each candidate" in shown
    assert "low quality" in shown
    assert "attempts,60" in succeed("status", "--format", "csv")


def test_an_empty_run_can_be_looked_at(here: Path) -> None:
    from evonas.config import load_config
    from results_db import ResultsDB

    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run("empty", 0, load_config("quick").to_dict(), budget=5)
    assert "No candidate is committed yet" in succeed("status")
    assert as_json("candidates") == []
    assert as_json("top") == []
    assert "0" in succeed("runs")
    assert run("top").exit_code == 0


def test_the_database_of_the_environment(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVONAS_DB", f"sqlite:///{database}/evonas.db")
    elsewhere = database / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert as_json("runs")[0]["run"] == RUN
    assert not list(elsewhere.iterdir())


def test_zoo_lists_every_known_layer(here: Path) -> None:
    rows = as_json("zoo")
    assert [row["name"] for row in rows] == list(ZOO)
    shown = succeed("zoo")
    assert all(name in shown for name in ZOO)


def test_the_vocabulary() -> None:
    assert [row["name"] for row in as_json("spaces")] == list(SPACES)
    primitives = {row["name"]: row for row in as_json("primitives")}
    assert primitives["max"]["written"] == "max(a, b)"
    assert primitives["mul"]["written"] == "a * b"
    assert primitives["std[sg]"]["written"] == "std[sg](a)"
    assert "resnet" in [row["name"] for row in as_json("anchors")]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("command", ["top", "candidates", "pareto", "zoo", "primitives", "anchors"])
def test_narrow_tables_cut_nothing(
    database: Path, monkeypatch: pytest.MonkeyPatch, command: str, width: int
) -> None:
    """Every cell of the widest table is there, letter by letter, whatever is put on new lines."""

    def letters(columns: int) -> Counter[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        return Counter("".join(succeed(command).split()).replace("\u2500", ""))

    assert letters(width) == letters(1000)


@pytest.mark.parametrize(
    "command",
    ["runs", "top", "candidates", "status", "pareto", "zoo", "show EvoNorm-S0", "diff ReLU tanh"],
)
def test_no_line_of_what_is_piped_ends_in_spaces(database: Path, command: str) -> None:
    lines = succeed(*command.split()).split("\n")
    assert len(lines) > 2
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_line_that_is_not_written_whole_keeps_its_spaces() -> None:
    from evonas.cli.output import _console

    stream = io.StringIO()
    console = _console(stream)
    console.print("to be answered: ", end="")
    console.print("yes  ")
    assert stream.getvalue() == "to be answered: yes\n"


def test_top_names_the_command_that_settles_it(database: Path) -> None:
    assert "`evonas rerank first --top 10` trains the best again" in succeed("top")
    assert "rerank" not in succeed("top", "--format", "csv")


def test_spaces_lists_all_or_one_of_one_s_own(here: Path) -> None:
    names = [row["name"] for row in as_json("spaces")]
    assert names == ["evonorm-b", "evonorm-s", "universal", "pointwise"]
    text = 'name = "mine"\ninitial = ["x", "0"]\nprimitives = ["max"]\nnum_nodes = 4\n'
    Path("my.toml").write_text(text)
    (row,) = as_json("spaces", "my.toml")
    assert (row["name"], row["primitives"], row["num_nodes"]) == ("mine", "max", 4)
    assert "primitives" in succeed("spaces", "my.toml")


def test_costs_and_origins_have_columns_where_a_run_has_them(here: Path) -> None:
    from evonas.config import load_config
    from results_db import ResultsDB
    from workers.verdict import Verdict

    config = load_config("quick", overrides=["evolution.objectives=['scores', 'passes', 'kept']"])
    rows = (
        candidate(
            0,
            "x / std[bs](x)",
            Verdict.SCORED,
            scores=SCORES,
            costs={"passes": 3.0, "kept": 2.0},
            origin="warm start: BN",
        ),
        candidate(
            1,
            "x",
            Verdict.SCORED,
            scores={anchor: score / 2 for anchor, score in SCORES.items()},
            costs={"passes": 1.0, "kept": 1.0},
        ),
    )
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run(RUN, 0, config.to_dict(), budget=5)
        with db.writer(RUN) as writer:
            writer.commit(rows)
    assert [(row["passes"], row["kept"]) for row in as_json("pareto")] == [(3, 2), (1, 1)]
    assert [row["passes"] for row in as_json("top")] == [3, 1]
    for command in ("top", "pareto"):
        assert "passes (less is better)" in succeed(command)
    listed = as_json("candidates")
    assert [row["origin"] for row in listed] == ["warm start: BN", ""]
    assert [row["kept"] for row in listed] == [2, 1]
    assert "warm start: BN" in succeed("candidates")


def test_a_run_for_scores_alone_shows_no_costs(database: Path) -> None:
    assert "passes" not in as_json("pareto")[0]
    for command in ("top", "pareto", "candidates"):
        assert "less is better" not in succeed(command)
        assert "origin" not in succeed(command)


def test_strategy_and_warm_start_are_flags(here: Path) -> None:
    flags = ("--strategy", "random", "--warm-start", "evonorm_b0,BN-ReLU", "--warm-start", "relu")
    shown = succeed("search", *flags, "--print-config")
    assert 'strategy = "random"' in shown
    assert 'warm_start = ["EvoNorm-B0", "BN-ReLU", "ReLU"]' in shown
    refused = run("search", "--warm-start", "EvoNorm-S9", "--print-config")
    assert refused.exit_code == 2
    assert "did you mean" in refused.output


def test_further_seeds_are_told_apart_and_averaged(database: Path) -> None:
    from results_db import ResultsDB
    from workers.verdict import Verdict

    def again(number: int, of: int, seed: int, shift: float) -> CandidateRecord:
        original = HISTORY[of]
        scores = {anchor: score + shift for anchor, score in original.scores.items()}
        known = {"repeat_of": of, "seed_index": seed, "attempts": 0, "refused": {}}
        return candidate(number, original.text, Verdict.SCORED, scores=scores, **known)

    rows = [again(6, 0, 1, 0.125), again(7, 3, 1, -0.25), again(8, 0, 2, 0.25), again(9, 3, 2, 0)]
    fallen = candidate(
        11, "x * x", Verdict.UNSTABLE, reason="gradient norm 9e9", repeat_of=10, seed_index=1
    )
    with ResultsDB.open("sqlite:///evonas.db") as db, db.writer(RUN) as writer:
        writer.commit([*rows, candidate(10, "x * x", Verdict.SCORED, scores=SCORES), fallen])
    best, second, *_ = as_json("top")
    assert (best["number"], best["seeds"]) == (3, 3)
    assert best["mean"] == pytest.approx(0.625 - 0.25 / 3)
    assert best["scores"]["vit"] == pytest.approx(0.5 - 0.25 / 3)
    assert (second["number"], second["seeds"]) == (0, 3)
    assert [row["number"] for row in as_json("pareto")] == [0, 3]  # within two standard errors
    shown = run("pareto")
    assert "Standard deviation of a score between seeds: resnet 0.1" in shown.output
    assert "seed 1 of 3" in succeed("candidates")
    facts = as_json("status")
    assert facts["repeated"] == {"scored": 4, "unstable": 1}
    assert facts["verdicts"]["scored"] == 3
    assert facts["attempts_per_candidate"] == 10
    assert "5 of the budget for further seeds of candidates: 4 scored, 1 unstable" in succeed(
        "status"
    )
    assert HISTORY[3].digest is not None
    shown_layer = succeed("show", HISTORY[3].digest[3:])
    assert "over 3 seeds: resnet 0.667" in shown_layer
    (fell,) = [found for found in as_json("show", "x * x")["found"] if found["number"] == 10]
    assert fell["seeds"] == 0
    assert fell["further_seeds"][0]["verdict"] == "unstable"
    assert "seed 1: unstable, gradient norm 9e9" in succeed("show", "x * x")
