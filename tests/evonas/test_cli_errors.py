"""Bad input: a line or two on standard error, the right exit code, and nothing lost."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.evonas.command_line import run


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("search --preset quik", 2, ["'quik'", "did you mean 'quick'"]),
        ("search --set evolution.lga=8", 2, ["lga", "did you mean 'lag'"]),
        ("search --set space=evonorm-q", 2, ["evonorm-q", "evonorm-b, evonorm-s"]),
        ("search --set lag", 2, ["key.path=value"]),
        ("search --set lag=3", 2, ["unknown key 'lag' (did you mean 'evolution.lag'?); allowed"]),
        ("search --require casual", 2, ["'casual' (did you mean 'causal'?); allowed: batch-ind"]),
        ("search --require causal,passes<=0", 2, ["no layer can meet 'passes<=0'"]),
        ("search --space none.toml", 2, ["cannot read the search space none.toml"]),
        ("search --space evonorm", 2, ["unknown space 'evonorm'"]),
        ("spaces none.toml", 2, ["cannot read the search space none.toml"]),
        ("spaces evonorm", 2, ["unknown space 'evonorm'", "universal"]),
        ("search missing.toml", 2, ["missing.toml"]),
        ("search --max-time 10", 2, ["10m"]),
        ("search --max-time 0s", 2, ["no time at all"]),
        ("search --budget 0", 2, ["--budget", "'0'; give a whole number from 1 up"]),
        ("search --workers -3", 2, ["--workers", "'-3'; give a whole number from 0 up"]),
        ("search --workers two", 2, ["--workers", "'two'; give a whole number from 0 up"]),
        ("top --count 0", 2, ["--count", "'0'; give a whole number from 1 up"]),
        ("replay first x1", 2, ["'x1'; give a whole number from 0 up"]),
        ("search --set evolution.lag=abc", 2, ["evolution.lag: 'abc'; give a whole number from 1"]),
        ("search --set baselines=foo", 2, ["baselines: 'foo'; give a list of texts"]),
        ("search --set evolution=5", 2, ["evolution: 5; give a table with keys of lag, window"]),
        ("search --set budget=true", 2, ["budget: True; give a whole number from 1 up"]),
        ("search --workers 0 --address auto", 2, ["without Ray"]),
        ("resume nothing", 1, ["there is no run 'nothing'"]),
        ("resume frist", 1, ["Did you mean 'first'"]),
        ("resume first --budget 3", 1, ["has committed 6 candidates already"]),
        ("search --name first", 1, ["stored -> given", "seed: 7 -> 0", "evonas resume first"]),
        ("status frist", 1, ["Did you mean 'first'"]),
        ("candidates --verdict sored", 2, ["did you mean 'scored'"]),
        ("show sigmod(x)", 2, ["'sigmod'", "did you mean 'sigmoid'", "column 1"]),
        ("show mean[bz](x)", 2, ["'bz'", "did you mean 'bs'", "column 6"]),
        ("show x+", 2, ["column 3", "^"]),
        ("show EvoNrm-S0", 2, ["did you mean 'EvoNorm-S0'"]),
        ("show beef", 2, ["no digest"]),
        ("show layers/nope.py", 2, ["there is no file layers/nope.py"]),
        ("show layers/nope", 2, ["there is no file 'layers/nope'", "an exported file"]),
        ("score nope.py", 2, ["there is no file nope.py"]),
        ("score my.nets.Norm", 2, ["a class of your own", "(did you mean 'my.nets:Norm'?)"]),
        ("export x+ --to out", 2, ["column 3"]),
        ("top --db sqlite:///none.db", 1, ["there is no database"]),
        ("top --db runs.db", 1, ["not a database URL"]),
        ("nonsense", 2, ["nonsense"]),
    ],
)
def test_errors(database: Path, arguments: str, code: int, said: list[str]) -> None:
    before = sorted(database.iterdir())
    result = run(*arguments.split(" "))
    assert result.exit_code == code, result.output
    shown = re.sub(r"[\s│]+", " ", result.stderr)  # usage errors stand in a box, wrapped
    for words in said:
        assert words in shown
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert sorted(database.iterdir()) == before


def test_a_database_of_another_program_is_left_alone(here: Path) -> None:
    with sqlite3.connect("evonas.db") as foreign:
        foreign.execute("create table theirs (x)")
    foreign.close()
    before = Path("evonas.db").read_bytes()
    for command in (["runs"], ["search", "--workers", "0"], ["show", "tanh"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "another program" in result.stderr
    assert Path("evonas.db").read_bytes() == before


def test_a_run_whose_data_are_not_there_is_not_begun(here: Path) -> None:
    given = ["--workers", "0", "--name", "mine", "--set"]
    for data in ("nothere.npz", "evonas.db"):
        result = run("search", *given, f'evaluation.data={{kind="npz",path="{data}"}}')
        assert result.exit_code == 1
        assert f"cannot read {data}" in result.stderr
        assert "Go on with" not in result.stderr
        assert "no runs yet" in run("runs").stderr


def test_a_database_without_runs_says_how_to_start(here: Path) -> None:
    from results_db import ResultsDB

    ResultsDB.open("sqlite:///evonas.db").close()
    assert "start one with `evonas search`" in run("top").stderr
    assert run("top").exit_code == 1
    assert "no runs yet" in run("runs").stderr


def test_a_bug_keeps_its_traceback(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("results_db.store.ResultsDB.runs", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        run("runs")
