"""Machines of several classes: keys name what evaluated, and the mixture is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evonas.evolution import FINISHED, Stop, run_search
from evonas.hardware import Hardware
from evonas.scoring import score_layers, subject_of
from results_db.store import ResultsDB
from search_spaces.zoo import zoo_graph
from tests.evonas.command_line import as_json, succeed
from tests.evonas.search_runs import BUDGET, ignore, small_config
from tests.evonas.simulated_pool import SimulatedPool
from tests.workers.tiny import TINY
from workers.anchors import ViTConfig
from workers.anchors.errors import AnchorError
from workers.evaluation import evaluation_key, hardware_class
from workers.pools.serial import SerialPool
from workers.verdict import Verdict

HERE = hardware_class("cpu")
BASELINES = ('baselines=["BN-ReLU", "GN-ReLU"]',)


def search(
    folder: Path, machines: tuple[str, ...], run: str = "r", *, starts: int = 1
) -> list[str]:
    """A whole run on these machines, in the database of the folder; what was evaluated."""
    config = small_config(further=BASELINES)
    evaluated: list[str] = []
    with ResultsDB.open(f"sqlite:///{folder}/h.db") as db:
        db.create_run(run, config.seed, config.to_dict(), budget=BUDGET // starts)
        for start in range(1, starts + 1):
            db.set_budget(run, start * BUDGET // starts)
            pool = SimulatedPool(3, np.random.default_rng(start), None, evaluated)
            pool.machines = machines
            assert run_search(db, run, pool, report=ignore, stop=Stop()) == FINISHED
    return evaluated


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if "hardware class" in r.getMessage()]


def test_one_class_is_recorded_and_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    search(tmp_path, ())
    assert warnings(caplog) == []
    url = f"sqlite:///{tmp_path}/h.db"
    status = as_json("status", "r", "--db", url)
    assert (status["hardware"], status["remarks"]) == ([HERE], [])


def test_each_other_class_is_warned_about_once_and_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        search(tmp_path, (HERE, "cpu old"), starts=3)
    (said,) = warnings(caplog)
    assert "other numbers" in said
    assert "cpu old" in said
    url = f"sqlite:///{tmp_path}/h.db"
    status = as_json("status", "r", "--db", url)
    assert sorted(status["hardware"]) == sorted([HERE, "cpu old"])
    assert "cpu old" in succeed("status", "r", "--db", url)
    assert any("2 hardware classes" in remark for remark in status["remarks"])


def test_a_run_that_goes_on_elsewhere_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/m.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        with db.writer("r") as writer:
            writer.note_hardware("cpu old")
        pool = SimulatedPool(3, np.random.default_rng(0))
        run_search(db, "r", pool, report=ignore, stop=Stop())
        assert db.run("r").hardware == ("cpu old", HERE)
    (said,) = warnings(caplog)
    assert f"{HERE}, than cpu old" in said


def test_results_stand_under_the_key_of_what_made_them(tmp_path: Path) -> None:
    search(tmp_path, ("cpu a", "cpu b"))
    evaluation = small_config().evaluation
    found = {"cpu a": 0, "cpu b": 0, HERE: 0}
    with ResultsDB.open(f"sqlite:///{tmp_path}/h.db") as db:
        rows = [row for row in db.candidates("r") if row.class_sha256 == "" and row.digest]
        for row in rows:
            if row.verdict in (Verdict.SCORED, Verdict.UNSTABLE):
                for name in found:
                    key = evaluation_key(str(row.digest), evaluation, 0, True, name)
                    found[name] += db.find_evaluation(key) is not None
        for baseline in db.baselines("r"):
            assert db.find_evaluation(baseline.evaluation_key) is not None
    assert found[HERE] == 0
    assert min(found["cpu a"], found["cpu b"]) > 5


def test_a_later_run_on_other_machines_than_ours_trains_nothing_again(tmp_path: Path) -> None:
    """The driver stands on a head node of another class than all workers."""
    assert len(search(tmp_path, ("cpu workers",), "first")) > 20
    assert search(tmp_path, ("cpu workers",), "later") == []
    assert len(search(tmp_path, ("cpu others",), "elsewhere")) > 20


def test_a_score_stands_under_the_key_of_what_made_it(tmp_path: Path) -> None:
    evaluation = small_config().evaluation
    layer = subject_of(zoo_graph("BN-ReLU"), "BN-ReLU")
    evaluated: list[str] = []
    with ResultsDB.open(f"sqlite:///{tmp_path}/s.db") as db:
        for machine in ("cpu a", "cpu a", "cpu b"):
            pool = SimulatedPool(9, np.random.default_rng(0), None, evaluated)
            pool.machines = (machine,)
            score_layers([layer], evaluation, 1, pool, db, lambda *_: None)
            key = evaluation_key(layer.digest, evaluation, 0, False, machine)
            assert db.find_evaluation(key) is not None
    assert len(evaluated) == 2


def test_the_key_of_this_machine_is_the_default() -> None:
    evaluation = small_config().evaluation
    keys = [evaluation_key("d", evaluation, 0, True, name) for name in (None, HERE, "cpu old")]
    assert keys[0] == keys[1] != keys[2]
    assert Hardware(evaluation).first_key("d", 0, True) == keys[0]
    assert Hardware(evaluation, ["cpu old"]).first_key("d", 0, True) == keys[2]


def test_a_network_that_cannot_be_built_ends_what_asks() -> None:
    vit = next(a for a in TINY.anchors if a.name == "vit")
    assert isinstance(vit.network, ViTConfig)
    broken = replace(vit, network=replace(vit.network, heads=7))
    hardware = Hardware(replace(TINY, anchors=(broken,)))
    with SerialPool() as pool, pytest.raises(AnchorError, match="heads 7 the width"):
        hardware.ask(pool, 60.0)
