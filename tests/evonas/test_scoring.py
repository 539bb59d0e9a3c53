"""`evonas score`: any layer beside the baselines, seeds, intervals, and nothing trained twice."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from evonas.cli.errors import FAILED, INTERRUPTED, USAGE
from evonas.config import RunConfig, load_config
from evonas.intervals import interval
from evonas.scoring import LayerScores, score_layers, subjects
from results_db.records import EvaluationRecord
from results_db.store import ResultsDB
from search_spaces.zoo import zoo_digests, zoo_graph
from tests.evonas.command_line import as_json, run, succeed
from workers.evaluation import evaluate, evaluation_key
from workers.pools.base import Completion
from workers.pools.serial import SerialPool

SETTINGS = (
    "evaluation.training.steps=3",
    "evaluation.training.warmup=0",
    "evaluation.training.batch=8",
    "evaluation.anchors.vit.warmup=0",
    *(f"evaluation.anchors.{name}.learning_rate=0.01" for name in ("resnet", "vit", "mobilenet")),
    "evaluation.data.train=64",
    "evaluation.data.validation=64",
    "evaluation.quality.factor=0.0",
    "evaluation.stability.steps=2",
    "evaluation.stability.first_steps=2",
    "baselines=['BN-ReLU', 'rectifier']",
)
OPTIONS = [part for setting in SETTINGS for part in ("--set", setting)] + ["--workers", "0"]
OWN = "tests.workers.test_own_layers:Tanh"


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return load_config("quick", overrides=SETTINGS)


def score(db: ResultsDB, config: RunConfig, seeds: int, *layers: str) -> list[LayerScores]:
    wanted = subjects(layers, config, db, baselines=False)
    with SerialPool() as pool:
        return score_layers(wanted, config.evaluation, seeds, pool, db, lambda *_: None)


def test_scores_are_those_of_an_evaluation_with_each_seed(here: Path, config: RunConfig) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        (scores,) = score(db, config, 2, "GN-ReLU")
    graph_json = zoo_graph("GN-ReLU").to_json()
    expected = [evaluate(graph_json, config.evaluation, seed, False).scores for seed in (0, 1)]
    for anchor in ("resnet", "vit", "mobilenet"):
        values = [by_anchor[anchor] for by_anchor in expected]
        assert scores.values(anchor) == values
        assert scores.score(anchor) == interval(values)
    means = [sum(by_anchor.values()) / 3 for by_anchor in expected]
    assert scores.mean(["resnet", "vit", "mobilenet"]) == interval(means)


def test_what_is_stored_is_not_trained_again(
    here: Path, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        (first,) = score(db, config, 1, "GN-ReLU")
        assert first.stored == 0
        (second,) = score(db, config, 2, "max(v1 * (x - mean[sg](x)) / std[sg](x) + v0, 0)")
        assert second.stored == 1
        assert second.records[0] == first.records[0]
        monkeypatch.setattr(SerialPool, "submit", None)
        (third,) = score(db, config, 2, "GN-ReLU")
    assert third.records == second.records


def test_a_search_s_result_is_taken_if_nothing_stopped_it(here: Path, config: RunConfig) -> None:
    digest = next(digest for digest, name in zoo_digests().items() if name == "GN-ReLU")
    key = evaluation_key(digest, config.evaluation, 0, True)
    for verdict, stored in (("unstable", 0), ("scored", 1)):
        record = EvaluationRecord(
            key=key, digest=digest, verdict=verdict, scores={"resnet": 0.5, "vit": 0.25}
        )
        with ResultsDB.open(f"sqlite:///{verdict}.db") as db:
            db.store_evaluation(record)
            (scores,) = score(db, config, 1, "GN-ReLU")
        assert scores.stored == stored
        assert (scores.records[0] == record) == bool(stored)


def test_command(here: Path) -> None:
    rows = as_json("score", "tanh(x)", "GN-ReLU", OWN, "bn-relu", "--seeds", "2", *OPTIONS)
    assert {row["name"] for row in rows} == {"tanh", "GN-ReLU", "Tanh", "BN-ReLU", "rectifier"}
    assert [row["baseline"] for row in rows] == [False] * 4 + [True]
    for row in rows:
        for anchor in ("resnet", "vit", "mobilenet"):
            found = interval(row["seeds"][anchor])
            assert found is not None
            assert (row[anchor], row[f"{anchor} half"]) == (found.mean, found.half)
    given = [row["mean"] for row in rows if not row["baseline"]]
    assert given == sorted(given, reverse=True)

    again = run("score", "tanh", "GN-ReLU", OWN, "--seeds", "2", "--no-baselines", *OPTIONS)
    assert again.exit_code == 0
    assert "± " in again.stdout
    assert " of 2)" not in again.stdout
    assert "A search scored" not in again.stderr
    assert "2 scored" in again.stdout
    assert "[6/6]" in again.stderr
    table = csv.DictReader(
        io.StringIO(succeed("score", "tanh", "--no-baselines", "--format", "csv", *OPTIONS))
    )
    (row,) = table
    assert float(row["resnet"]) > 0
    assert row["verdicts"] == "3 scored"


def test_a_layer_that_diverges_has_a_reason_and_no_score(here: Path) -> None:
    arguments = ["score", "exp(exp(x * x))", "--seeds", "1", "--no-baselines", *OPTIONS]
    (row,) = as_json(*arguments)
    assert row["verdicts"] == "1 unstable"
    assert "gradient norm" in row["reason"]
    assert row["resnet"] is row["mean"] is None
    assert "1 unstable" in succeed(*arguments)


def test_what_is_rejected_on_most_seeds_stands_below(here: Path, config: RunConfig) -> None:
    known = {name: digest for digest, name in zoo_digests().items()}
    verdicts = {"ReLU": ("unstable", "unstable"), "SiLU": ("scored", "unstable")}
    means = {"ReLU": 0.9, "SiLU": 0.5}
    with ResultsDB.open("sqlite:///evonas.db") as db:
        for name, of_seeds in verdicts.items():
            for seed, verdict in enumerate(of_seeds):
                key = evaluation_key(known[name], config.evaluation, seed, False)
                scores = dict.fromkeys(("resnet", "vit", "mobilenet"), means[name])
                db.store_evaluation(
                    EvaluationRecord(key=key, digest=known[name], verdict=verdict, scores=scores)
                )
    rows = as_json("score", "ReLU", "SiLU", "--seeds", "2", "--no-baselines", *OPTIONS)
    assert [(row["name"], row["mean"]) for row in rows] == [("SiLU", 0.5), ("ReLU", 0.9)]


def test_seeds_without_a_score_and_the_seed_of_a_search_are_told(
    here: Path, config: RunConfig
) -> None:
    digest = next(digest for digest, name in zoo_digests().items() if name == "GN-ReLU")
    whole = {"resnet": 0.5, "vit": 0.25, "mobilenet": 0.75}
    by_seed = [whole, {"mobilenet": 0.65}, {**whole, "vit": 0.35}]
    with ResultsDB.open("sqlite:///evonas.db") as db:
        for seed, scores in enumerate(by_seed):
            verdict = "scored" if len(scores) == 3 else "diverged"
            key = evaluation_key(digest, config.evaluation, seed, seed == 0)
            record = EvaluationRecord(key=key, digest=digest, verdict=verdict, scores=scores)
            db.store_evaluation(record)
    command = ["score", "GN-ReLU", "--no-baselines", *OPTIONS]
    shown = run(*command)
    line = next(line for line in shown.stdout.splitlines() if line.startswith("GN-ReLU"))
    cells = [str(interval(values)) for values in ([0.5] * 2, [0.25, 0.35], [0.75, 0.65, 0.75])]
    for cell in (f"{cells[0]} (2 of 3)", f"{cells[1]} (2 of 3)", cells[2]):
        assert cell in line
    assert f"{cells[2]} (" not in line
    said = " ".join(shown.stderr.split())
    assert "(1 of 3): the seeds that have a score. On the others the training diverged" in said
    assert "A search scored GN-ReLU on seed 0" in said
    (row,) = as_json(*command)
    assert [row[f"{name} seeds"] for name in ("resnet", "mobilenet", "mean")] == [2, 3, 2]
    assert "that have a score" not in run(*command, "--seeds", "1").stderr
    table = csv.DictReader(io.StringIO(succeed(*command, "--format", "csv")))
    assert [row["vit seeds"] for row in table] == ["2"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["no_such_layer"], USAGE, "no layer is called"),
        (["max(x"], USAGE, "column"),
        (["no_module:Layer"], USAGE, "cannot import no_module:Layer"),
        (["tests.workers.tiny:TINY"], USAGE, "is no class of torch.nn.Module"),
        (["ReLU", "--preset", "quik"], USAGE, "unknown preset 'quik'"),
        (
            ["ReLU", "--set", "evaluation.data={kind='npz', path='none'}"],
            FAILED,
            "cannot read none",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(
    here: Path, arguments: list[str], code: int, message: str
) -> None:
    result = run("score", *arguments, "--workers", "0")
    assert result.exit_code == code
    assert message in result.stderr


@pytest.mark.parametrize("ended", [0, 1])
def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(
    here: Path, config: RunConfig, monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    tasks: list[str] = []
    wait = SerialPool.wait

    def interrupted(self: SerialPool, timeout: float | None = None) -> list[Completion]:
        if len(tasks) > ended:
            raise KeyboardInterrupt
        completions = wait(self, timeout)
        tasks.extend(completion.task_id for completion in completions)
        return completions

    monkeypatch.setattr(SerialPool, "wait", interrupted)
    result = run("score", "GN-ReLU", "--seeds", "2", "--no-baselines", *OPTIONS)
    assert result.exit_code == INTERRUPTED
    assert result.stdout == ""
    told = " ".join(result.stderr.split())
    assert "what had ended is stored, what was running is not; the same command goes on" in told
    monkeypatch.setattr(SerialPool, "wait", wait)
    with ResultsDB.open("sqlite:///evonas.db") as db:
        (scores,) = score(db, config, 2, "GN-ReLU")
    assert scores.stored == ended
    assert len(scores.records) == 2


def test_a_failure_of_the_machine_is_told_and_not_stored(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no memory left")

    monkeypatch.setattr("tests.workers.test_own_layers.Tanh.forward", broken)
    result = run("score", OWN, "--seeds", "1", "--no-baselines", *OPTIONS)
    assert result.exit_code == FAILED
    assert "out_of_memory: MemoryError: no memory left" in result.stderr
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert "1 scored" in succeed("score", OWN, "--seeds", "1", "--no-baselines", *OPTIONS)


def test_a_class_that_takes_no_tokens_is_told_what_a_layer_takes(here: Path) -> None:
    images = "tests.workers.test_own_layers:ImagesAlone"
    result = run("score", images, "--seeds", "1", "--no-baselines", *OPTIONS)
    assert result.exit_code == FAILED
    assert (
        f"crash: {images} on vit: ValueError: expected 4D input (got 3D input); a layer takes "
        "images (B, C, H, W) and tokens (B, T, C)"
    ) in " ".join(result.stderr.split())


def test_the_help_states_what_a_class_of_one_s_own_takes() -> None:
    told = " ".join(run("score", "--help").stdout.replace("\u2502", " ").split())
    assert "images (B, C, H, W) and tokens (B, T, C)" in told
    assert "MyNorm(num_features)" in told
