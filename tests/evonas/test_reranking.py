"""`evonas rerank`: nothing trained twice, whatever stops it; failures are told, and not 0."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evonas.cli.errors import FAILED, INTERRUPTED, USAGE
from evonas.rerank_setup import set_up
from evonas.reranking import RerankPlan, rerank
from evonas.standings import best, standings
from results_db.records import RerankRecord
from results_db.store import ResultsDB
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.rerank_runs import OPTIONS, RUN, SETTINGS, searched
from workers.pools.base import Completion, Task
from workers.pools.serial import SerialPool

OWN = "tests.workers.test_own_layers:Tanh"
FEW = ["--top", "2", "--anchors", "resnet", "--seeds", "2", "--rate-seeds", "1", "--rates", "1,3"]
COMMAND = ["rerank", RUN, *FEW, *OPTIONS]
CHOICES, TESTS = 4 * 2, 4 * 2  # of two layers found and two baselines


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Every training that a pool was given."""
    found: list[Task] = []
    submit = SerialPool.submit

    def counted(self: SerialPool, task: Task) -> None:
        if task.id != "survey":
            found.append(task)
        submit(self, task)

    monkeypatch.setattr(SerialPool, "submit", counted)
    return found


def reranked(plan: RerankPlan, top: int = 1, **arguments: Any) -> RerankRecord:
    with ResultsDB.open("sqlite:///evonas.db") as db, SerialPool() as pool:
        setup = set_up(
            db, RUN, top=top, preset="quick", overrides=SETTINGS, anchors=("resnet",), **arguments
        )
        return rerank(db, setup, plan, pool, lambda *_: None).record


def test_rates_are_chosen_by_validation_and_tests_use_other_seeds(
    here: Path, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched()
    scores: dict[str, dict[str, float]] = {}
    wait = SerialPool.wait

    def remembered(self: SerialPool, timeout: float | None = None) -> list[Completion]:
        completions = wait(self, timeout)
        scores.update((c.task_id, c.value.scores) for c in completions if c.task_id != "survey")
        return completions

    monkeypatch.setattr(SerialPool, "wait", remembered)
    record = reranked(RerankPlan(seeds=2, rate_seeds=2, rates=(0.3, 1.0, 3.0)))
    choices, tests = tasks[: 3 * 3 * 2], tasks[3 * 3 * 2 :]
    assert len(tests) == 3 * 2
    seeds = [{task.args[3] for task in half} for half in (choices, tests)]
    assert [len(half) for half in seeds] == [2, 2]
    assert seeds[0] & seeds[1] == set()
    assert 0 not in seeds[0] | seeds[1], "the search trained with it"
    for layer, first in zip(record.layers, choices, strict=False):  # tried in one order
        result, given = layer.results["resnet"], first.args[0]
        by_rate: dict[float, list[float]] = {}
        for task in choices:
            if task.args[0] == given:
                rate = task.args[2].training_of(task.args[2].anchors[0]).learning_rate
                by_rate.setdefault(rate, []).append(scores[task.id]["validation"])
        means = {rate: statistics.fmean(values) for rate, values in by_rate.items()}
        assert len(means) == 3
        assert result.validation == max(means.values())
        tested = [task for task in tests if task.args[0] == given]
        assert result.test == tuple(scores[task.id]["test"] for task in tested)
        for task in tested:
            rate = task.args[2].training_of(task.args[2].anchors[0]).learning_rate
            assert means[rate] == result.validation
    assert all("test" not in scores[task.id] for task in choices)


def test_a_stopped_rerank_goes_on_and_nothing_is_trained_twice(
    here: Path, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched()
    ended: Counter[str] = Counter()
    wait = SerialPool.wait

    def interrupted(self: SerialPool, timeout: float | None = None) -> Any:
        if sum(ended.values()) % 5 == 4:
            ended["a stop"] += 1
            raise KeyboardInterrupt
        completions = wait(self, timeout)
        ended.update(c.task_id for c in completions if c.task_id != "survey")
        return completions

    monkeypatch.setattr(SerialPool, "wait", interrupted)
    stops = 0
    while (result := run(*COMMAND)).exit_code == INTERRUPTED:
        assert "the same command goes on" in result.stderr
        assert "better than" not in result.stdout
        with ResultsDB.open("sqlite:///evonas.db") as db:
            assert db.reranks() == []
        stops += 1
    assert result.exit_code == 0, result.output
    assert stops >= 3
    assert ended.pop("a stop") == stops
    assert set(ended.values()) == {1}
    assert len(ended) == CHOICES + TESTS
    whole = len(tasks)
    again = run(*COMMAND)
    assert again.stdout == result.stdout
    assert len(tasks) == whole
    with ResultsDB.open("sqlite:///evonas.db") as db:
        assert len(db.reranks(RUN)) == 1


def test_more_seeds_cost_the_new_ones_alone(here: Path, tasks: list[Task]) -> None:
    searched()
    first = reranked(RerankPlan(seeds=2, rate_seeds=1, rates=(1.0,)))
    count = len(tasks)
    second = reranked(RerankPlan(seeds=3, rate_seeds=1, rates=(1.0,)))
    assert len(tasks) == count + 3
    for before, after in zip(first.layers, second.layers, strict=True):
        assert after.results["resnet"].test[:2] == before.results["resnet"].test
    assert first.key != second.key


def test_a_layer_that_diverges_is_failed_and_not_0(here: Path) -> None:
    searched(texts=("x / std[bs](x)", "exp(exp(x * x))"))
    record = reranked(RerankPlan(seeds=2, rate_seeds=1, rates=(1.0, 3.0)), top=2)
    (broken,) = [layer for layer in record.layers if layer.number == 1]
    result = broken.results["resnet"]
    assert result.test == ()
    assert result.failure.startswith("at every rate, such as loss")
    assert result.failed_rates.keys() == {"1", "3"}
    chosen = best(record)
    assert chosen is not None
    assert chosen.layer.number == 0
    assert [s.mean is None for s in standings(record) if s.layer.kind == "found"] == [False, True]


def test_one_rate_at_which_a_seed_diverges_is_out_of_the_choice(here: Path) -> None:
    searched(texts=("x / std[bs](x)",))
    record = reranked(RerankPlan(seeds=2, rate_seeds=1, rates=(1.0, 1e30)))
    for layer in record.layers:
        result = layer.results["resnet"]
        assert (result.rate, result.failure) == (1.0, "")
        assert result.failed_rates.keys() == {"1e+30"}
        assert len(result.test) == 2


def test_a_layer_that_does_not_fit_an_anchor_is_not_trained_there(
    here: Path, tasks: list[Task]
) -> None:
    searched(texts=("x / std[bs](x)", "x / std[g](x)"))
    overrides = (
        *SETTINGS,
        "evaluation.anchors.gpt.data={kind='text', context=8}",
        "evaluation.anchors.gpt.network={width=8, depth=1, heads=2}",
        "baselines=['RMSNorm-SiLU']",
    )
    with ResultsDB.open("sqlite:///evonas.db") as db, SerialPool() as pool:
        setup = set_up(
            db, RUN, preset="quick", overrides=overrides, anchors=("gpt",), given=("tanh(x)",)
        )
        plan = RerankPlan(seeds=2, rate_seeds=1, rates=(1.0,))
        record = rerank(db, setup, plan, pool, lambda *_: None).record
    failures = {layer.text: layer.results["gpt"].failure for layer in record.layers}
    assert failures.pop("x / std[bs](x)") == "is not causal, as the anchor needs"
    assert set(failures.values()) == {""}
    assert len(tasks) == 3 * 3


def test_a_failure_of_the_machine_is_told_and_tried_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched()

    def broken(*_: object) -> None:
        raise MemoryError("no memory left")

    monkeypatch.setattr("tests.workers.test_own_layers.Tanh.forward", broken)
    result = run(*COMMAND, "--with", OWN)
    assert result.exit_code == FAILED
    assert "Tanh on resnet, seed 1000: out_of_memory: MemoryError" in result.stderr
    assert "at every rate, such as out_of_memory" in " ".join(result.stdout.split())
    with ResultsDB.open("sqlite:///evonas.db") as db:
        assert db.reranks() == []
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert "Tanh" in succeed(*COMMAND, "--with", OWN)
    with ResultsDB.open("sqlite:///evonas.db") as db:
        assert len(db.reranks()) == 1


def test_listings_agree_and_a_picture_is_drawn(here: Path) -> None:
    searched()
    table = run(*COMMAND, "--with", OWN, "--plot", "intervals.svg")
    assert table.exit_code == 0, table.output
    for said in ("better than", "the best by validation", "paired t-test", "Holm's", "Tanh"):
        assert said in table.stdout
    assert "candidate 2 computes what BN-ReLU computes" in table.stderr
    assert "batch 4 (run: 8)" in table.stderr
    assert "blocks" in table.stderr
    told = " ".join(table.stderr.split())
    number = r"\d\.\d{3}"
    assert re.search(rf"\[rates 1/[^[]*: validation accuracy {number} \(", told)
    assert re.search(rf"\[tests 1/[^[]*: validation accuracy {number}, test accuracy is told", told)
    picture = (here / "intervals.svg").read_text(encoding="utf-8")
    assert picture.startswith("<?xml")
    assert picture.count("<text") + picture.count("use xlink") > 20
    rows = as_json(*COMMAND, "--with", OWN)
    assert [row["kind"] for row in rows] == ["found"] * 2 + ["given"] + ["baseline"] * 2
    assert [row["best"] for row in rows] == [True, False, False, False, False]
    for row in rows:
        assert row["resnet"] == pytest.approx(sum(row["test"]["resnet"]) / 2)
        assert len(row["comparisons"]) == (3 if row["kind"] == "found" else 0)
    plain = list(csv.DictReader(io.StringIO(succeed(*COMMAND, "--with", OWN, "--format", "csv"))))
    assert [row["digest"] for row in plain] == [row["digest"] for row in rows]
    assert [float(row["mean"]) for row in plain] == [row["mean"] for row in rows]


def test_another_rerank_of_a_run_is_warned_of(here: Path) -> None:
    searched()
    assert "was reranked with other settings" not in run(*COMMAND).stderr
    assert "was reranked with other settings" not in run(*COMMAND).stderr
    again = run(*COMMAND, "--rates", "1")
    assert "its test data have been looked at" in again.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--rates", "0,1"], USAGE, "give positive numbers such as 0.3,1,3"),
        (["--rates", "fast"], USAGE, "give positive numbers"),
        (["--plot", "picture.bmp"], FAILED, "allowed: .svg, .png, .pdf"),
        (["--plot", "nowhere/picture.svg"], FAILED, "the directory nowhere does not exist"),
        (["--anchors", "resnett"], USAGE, "unknown anchor 'resnett'"),
        (["--with", "no_module:Layer"], USAGE, "cannot import no_module:Layer"),
        (["--set", "evaluation.data.seed=3"], USAGE, "would be the test data"),
        (["--seeds", "1"], USAGE, "greater than or equal to 2"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(
    here: Path, tasks: list[Task], arguments: list[str], code: int, message: str
) -> None:
    searched()
    result = run(*COMMAND, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert tasks == []


def test_a_run_without_layers_is_told(here: Path) -> None:
    searched(texts=())
    result = run(*COMMAND)
    assert result.exit_code == FAILED
    assert "has no layer to train again" in result.stderr
    assert run("rerank", "another", *OPTIONS).exit_code == FAILED
