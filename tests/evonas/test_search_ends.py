"""How searches end: drained, without a candidate, after failures of the machine."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evonas.config import load_config
from evonas.driver import SearchError
from evonas.evolution import FINISHED, INTERRUPTED, STOPPED, Stop, run_search
from evonas.progress import Progress
from evonas.remarks import remarks
from results_db.store import ResultsDB
from search_spaces.space import SearchSpace
from tests.evonas.search_runs import BUDGET, ignore, key_of, small_config
from tests.evonas.simulated_pool import KilledError, SimulatedPool
from workers.pools.base import Completion, Task
from workers.proposal import ProposalTask
from workers.verdict import MACHINE_VERDICTS, Verdict


def test_draining_commits_what_it_can_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evonas.evolution._REPORT_EVERY", 0.0)
    config = small_config()
    stop = Stop()

    def drain_after_twenty(progress: Progress) -> None:
        stop.drain = progress.committed >= 20

    with ResultsDB.open(f"sqlite:///{tmp_path}/d.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        pool = SimulatedPool(3, np.random.default_rng(0))
        assert run_search(db, "r", pool, report=drain_after_twenty, stop=stop) == INTERRUPTED
        assert db.run("r").state == INTERRUPTED
        assert 20 <= db.count("r") < BUDGET
        pool = SimulatedPool(3, np.random.default_rng(1))
        assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
        assert db.count("r") == BUDGET


class Watched(SimulatedPool):
    """Remembers what it was given."""

    def __init__(self, workers: int, rng: np.random.Generator) -> None:
        super().__init__(workers, rng)
        self.given: list[Task] = []

    def submit(self, task: Task) -> None:
        self.given.append(task)
        super().submit(task)

    def begun(self) -> list[str]:
        """The baselines that it began to measure."""
        return [t.id.partition(":")[2] for t in self.given if t.id.startswith("baseline:")]


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("how", ["Ctrl-C", "time limit"])
def test_a_stop_among_the_baselines_finishes_what_runs_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, how: str
) -> None:
    monkeypatch.setattr("evonas.evolution._REPORT_EVERY", 0.0)
    names = ("BN-ReLU", "BN-SiLU", "GN-ReLU", "EvoNorm-B0", "EvoNorm-S0", "rectifier")
    config = small_config(further=(f"baselines={list(names)}",))
    stop, over = Stop(), False
    monkeypatch.setattr("evonas.evolution._Clock.is_over", lambda _: over)

    def end_at_the_first_result(progress: Progress) -> None:
        nonlocal over
        if progress.phase == "baselines" and progress.baselines:
            stop.drain, over = how == "Ctrl-C", how == "time limit"

    with ResultsDB.open(f"sqlite:///{tmp_path}/b.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=5)
        first = Watched(workers, np.random.default_rng(workers))
        state = run_search(db, "r", first, report=end_at_the_first_result, stop=stop)
        assert state == (INTERRUPTED if how == "Ctrl-C" else STOPPED)
        stored = [b.name for b in db.baselines("r") if db.find_evaluation(b.evaluation_key)]
        assert 1 <= len(stored) < len(names)
        assert set(stored) == set(first.begun())
        assert db.count("r") == 0
        over = False
        second = Watched(workers, np.random.default_rng(9))
        assert run_search(db, "r", second, report=ignore, stop=Stop()) == FINISHED
        assert sorted(first.begun() + second.begun()) == sorted(names)


@pytest.mark.parametrize(
    ("share", "phases"),
    [
        (0.0, ["starting", "baselines", "search", "done"]),
        (1.0, ["starting", "baselines", "search", "audit", "done"]),
    ],
)
def test_an_audit_is_a_phase_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, phases: list[str]
) -> None:
    monkeypatch.setattr("evonas.evolution._REPORT_EVERY", 0.0)
    config = small_config(further=(f"audit.share={share}", "baselines=['BN-ReLU']"))
    seen: list[str] = []
    with ResultsDB.open(f"sqlite:///{tmp_path}/p.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=5)
        pool = SimulatedPool(3, np.random.default_rng(0))
        run_search(db, "r", pool, report=lambda p: seen.append(p.phase), stop=Stop())
    assert list(dict.fromkeys(seen)) == phases


def test_stored_baselines_are_not_said_to_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evonas.evolution._REPORT_EVERY", 0.0)
    config = small_config(further=("baselines=['BN-ReLU']",))
    seen: list[str] = []
    with ResultsDB.open(f"sqlite:///{tmp_path}/p.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=5)
        for budget in (5, 10):
            db.set_budget("r", budget)
            seen.clear()
            pool = SimulatedPool(3, np.random.default_rng(0))
            run_search(db, "r", pool, report=lambda p: seen.append(p.phase), stop=Stop())
    assert list(dict.fromkeys(seen)) == ["starting", "search", "done"]


@pytest.mark.parametrize("failure", sorted(MACHINE_VERDICTS))
def test_a_failure_of_the_machine_is_a_verdict_and_the_search_goes_on(
    tmp_path: Path, failure: Verdict
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/f.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        pool = SimulatedPool(3, np.random.default_rng(0))
        pool.failure, pool.failing = failure, 1
        assert run_search(db, "r", pool, report=ignore, stop=Stop()) == FINISHED
        failed = [row for row in db.candidates("r") if row.verdict == failure]
        assert failed
        assert all(row.reason == "as arranged" and not row.scores for row in failed)
        assert not {row.number for row in failed} & {row.parent for row in db.candidates("r")}


def test_a_search_in_which_nothing_passes_ends_and_says_why(tmp_path: Path) -> None:
    config = load_config("quick", None, ["require=['scale-invariant']", "baselines=[]"])
    with ResultsDB.open(f"sqlite:///{tmp_path}/v.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=10**6)
        pool = SimulatedPool(3, np.random.default_rng(0))
        pool.refuses = "requirement scale-invariant"
        for _ in range(2):  # a resume tries as long again
            before = db.count("r")
            with pytest.raises(
                SearchError,
                match=r"none of [12]\d,000 attempts .* 'requirement scale-.*`evonas status r`",
            ):
                run_search(db, "r", pool, report=ignore, stop=Stop())
            # Nine of a thousand attempts each, and what one commit may add: the lag.
            assert before + 10 <= db.count("r") <= before + 9 + 16
        assert db.run("r").state == INTERRUPTED
        (remark,) = remarks(db, "r")
        assert "no graph passed the screens" in remark
        assert "'requirement scale-invariant'" in remark


def test_workers_get_the_resolved_space(tmp_path: Path) -> None:
    table = 'name="own", initial=["x"], primitives=["tanh", "add"], num_nodes=3'
    config = load_config(
        "quick", None, [f"space={{{table}}}", "require=['causal']", "baselines=[]"]
    )
    pool = Watched(2, np.random.default_rng(0))
    with ResultsDB.open(f"sqlite:///{tmp_path}/s.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=5)
        run_search(db, "r", pool, report=ignore, stop=Stop())
    asked: list[SearchSpace] = [
        pickle.loads(pickle.dumps(task.args[0])).space
        for task in pool.given
        if task.args and isinstance(task.args[0], ProposalTask)
    ]
    assert set(asked) == {SearchSpace("own", ("x",), ("tanh", "add"), 3, ("causal",))}


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Verdict.TIMEOUT, r"were killed at their time limit \(as arranged\).*raise `time_limit`"),
        (Verdict.OUT_OF_MEMORY, "ran out of memory"),
    ],
)
def test_a_run_that_fails_for_the_machine_s_sake_is_told_so(
    tmp_path: Path, failure: Verdict, said: str
) -> None:
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/t.db") as db:
        for name, failing in (("all", 4), ("few", 1)):
            db.create_run(name, config.seed, config.to_dict(), budget=40)
            pool = SimulatedPool(3, np.random.default_rng(0))
            pool.failure, pool.failing = failure, failing
            run_search(db, name, pool, report=ignore, stop=Stop())
        assert re.search(said, " ".join(remarks(db, "all")))
        assert remarks(db, "few") == []


@pytest.mark.parametrize("everything", [True, False])
def test_nothing_but_crashes_stops_the_search(tmp_path: Path, everything: bool) -> None:
    """Also if proposals go well, as when data cannot be read: they come between the crashes."""
    config = small_config()
    with ResultsDB.open(f"sqlite:///{tmp_path}/c.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=200)
        pool = SimulatedPool(1, np.random.default_rng(0))
        pool.failure, pool.failing = Verdict.CRASH, 4
        pool.everything_fails = everything
        with pytest.raises(SearchError, match=r"all crashed.*The last one: as arranged"):
            run_search(db, "r", pool, report=ignore, stop=Stop())
        assert db.run("r").state == INTERRUPTED
        assert db.count("r") < 20


class CrashesFirst(SimulatedPool):
    """Hands over all evaluations at once: many crashes, then one result; then the driver dies."""

    def completions(self, task: Task, value: Any, seconds: float) -> list[Completion]:
        if task.id.startswith("evaluate:") and self.evaluated:
            return [Completion(task.id, None, Verdict.CRASH, "as arranged", 0.1, "simulated")]
        return super().completions(task, value, seconds)

    def wait(self, timeout: float | None = None) -> list[Completion]:
        ended = super().wait(timeout)
        while self.in_flight:
            ended += super().wait(timeout)
        if self.evaluated:
            self.left = 0
        return sorted(ended, key=lambda completion: completion.failure is None)


def test_what_comes_back_among_crashes_is_stored(tmp_path: Path) -> None:
    config = small_config(further=("evolution.lag=16", "evolution.window=32"))
    with ResultsDB.open(f"sqlite:///{tmp_path}/m.db") as db:
        db.create_run("r", config.seed, config.to_dict(), budget=BUDGET)
        pool = CrashesFirst(16, np.random.default_rng(0))
        with pytest.raises(KilledError):
            run_search(db, "r", pool, report=ignore, stop=Stop())
        (evaluated,) = pool.evaluated
        assert db.find_evaluation(key_of(evaluated, config))
        assert db.funnel("r").verdicts[Verdict.CRASH] >= 8
