"""Runs forked, copied between databases and merged; lineages; cleaning."""

from dataclasses import replace
from pathlib import Path

import pytest

from results_db import (
    BadRecord,
    BaselineRecord,
    CandidateNotFound,
    ResultsDB,
    RunExists,
    RunLocked,
    RunNotFound,
    RunWriter,
    clean,
    copy_run,
    delete_run,
    fork_run,
    merge,
)

from .make import audited, candidate, evaluation


class Killed(Exception):  # noqa: N818
    """The process dies here."""


def killed(*_: object) -> None:
    raise Killed


def fill(db: ResultsDB, name: str = "run", count: int = 30) -> None:
    db.create_run(name, 7, {"lag": 4}, budget=100)
    with db.writer(name) as writer:
        writer.commit([candidate(n, parent=n // 2 if n else None) for n in range(count)])
        writer.store_evaluation(evaluation())
        writer.store_baseline(
            BaselineRecord(name="BN-ReLU", text="x", digest="c1-0", evaluation_key="k" * 64)
        )
        writer.set_state("finished")


class TestFork:
    def test_a_fork_shares_the_history_and_goes_on_its_own(self, db: ResultsDB) -> None:
        fill(db)
        fork = fork_run(db, "run", "fork", config={"lag": 8}, budget=50, at=19)
        assert (fork.seed, fork.config, fork.budget) == (7, {"lag": 8}, 50)
        assert (fork.forked_from, fork.forked_at) == ("run", 19)
        assert list(db.candidates("fork")) == list(db.candidates("run", last=19))
        assert db.funnel("fork").candidates == 20
        with db.writer("fork") as writer:
            writer.commit([candidate(20, verdict="crash")])
        assert (db.count("fork"), db.count("run")) == (21, 30)
        assert fork_run(db, "run", "fork", config={"lag": 8}, at=19).budget == 50

    def test_an_interrupted_fork_is_finished_by_the_same_call(self, db: ResultsDB) -> None:
        fill(db)
        fork_run(db, "run", "fork", config={}, at=9)
        with db.database.write() as connection:
            connection.exec_driver_sql("UPDATE evonas_run SET forked_at = 19 WHERE name = 'fork'")
        fork_run(db, "run", "fork", config={}, at=19)
        assert db.count("fork") == 20

    def test_a_fork_cut_off_before_its_first_candidate_is_finished_by_the_same_call(
        self, db: ResultsDB, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(db)
        with db.writer("run") as writer:
            writer.note_hardware("cpu a")
        for where in ("note_hardware", "commit"):
            with monkeypatch.context() as patch:
                patch.setattr(RunWriter, where, killed)
                with pytest.raises(Killed):
                    fork_run(db, "run", "fork", config={}, at=9)
        assert (db.count("fork"), db.run("fork").hardware) == (0, ("cpu a",))
        assert fork_run(db, "run", "fork", config={}, at=9).hardware == ("cpu a",)
        assert db.count("fork") == 10

    def test_what_cannot_be_forked(self, db: ResultsDB) -> None:
        fill(db)
        db.create_run("empty", 1, {})
        with pytest.raises(RunNotFound, match=r"no run 'rum'.*mean 'run'"):
            fork_run(db, "rum", "fork", config={})
        with pytest.raises(BadRecord, match="at candidates 0 to 29, given 30"):
            fork_run(db, "run", "fork", config={}, at=30)
        with pytest.raises(BadRecord, match="no candidates yet"):
            fork_run(db, "empty", "fork", config={})
        with pytest.raises(RunExists, match=r"there is a run 'empty'.*another name"):
            fork_run(db, "run", "empty", config={})


class TestCopy:
    def test_there_and_back(self, db: ResultsDB, tmp_path: Path) -> None:
        """On PostgreSQL: to SQLite and back, the same to the last bit."""
        fill(db)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            assert merge(db, other) == {"run": 30}
            assert list(other.candidates("run")) == list(db.candidates("run"))
            assert other.funnel("run") == db.funnel("run")
            assert other.pareto("run") == db.pareto("run")
            assert other.baselines("run") == db.baselines("run")
            assert other.find_evaluation(evaluation().key) == evaluation()
            assert (other.run("run").state, other.run("run").budget) == ("finished", 100)
            assert merge(other, db) == {"run": 0}
            assert copy_run(other, db, "run", new_name="back") == 30
            assert list(db.candidates("back")) == list(db.candidates("run"))

    def test_a_run_that_went_on_is_continued(self, db: ResultsDB, tmp_path: Path) -> None:
        fill(db)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            copy_run(db, other, "run")
            with db.writer("run") as writer:
                writer.commit([candidate(30), candidate(31)])
            assert copy_run(db, other, "run") == 2
            assert copy_run(db, other, "run") == 0
            assert list(other.candidates("run")) == list(db.candidates("run"))

    def test_a_run_that_may_go_further_is_continued(self, db: ResultsDB, tmp_path: Path) -> None:
        fill(db)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            copy_run(db, other, "run")
            db.set_budget("run", 200)
            db.set_config("run", {**db.run("run").config, "max_minutes": 5})
            with db.writer("run") as writer:
                writer.commit([candidate(30)])
            with pytest.raises(RunExists, match="seed or config differs"):
                merge(db, other)
            assert merge(db, other, ("max_minutes",)) == {"run": 1}
            assert other.run("run").config == db.run("run").config
            assert other.run("run").budget == 200
            db.set_config("run", {**db.run("run").config, "max_minutes": 9})
            assert merge(db, other, ("max_minutes",)) == {"run": 0}
            assert other.run("run").config["max_minutes"] == 5
            other.set_budget("run", 300)
            with db.writer("run") as writer:
                writer.commit([candidate(31)])
            assert merge(db, other, ("max_minutes",)) == {"run": 1}
            assert other.run("run").budget == 300

    def test_a_copy_cut_off_after_its_last_candidate_is_finished_by_the_same_call(
        self, db: ResultsDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(db)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            for goes_on in (False, True):
                if goes_on:
                    db.set_budget("run", 200)
                    with db.writer("run") as writer:
                        writer.commit([candidate(30)])
                with monkeypatch.context() as patch:
                    patch.setattr(RunWriter, "store_audited", killed)
                    with pytest.raises(Killed):
                        copy_run(db, other, "run")
                assert other.run("run").state == "not started"
                assert copy_run(db, other, "run") == 0
                assert list(other.candidates("run")) == list(db.candidates("run"))
                there, here = other.run("run"), db.run("run")
                assert (there.state, there.budget) == (here.state, here.budget)

    def test_an_older_copy_takes_no_result_away(self, db: ResultsDB, tmp_path: Path) -> None:
        """A machine of another class measured, under another key than was expected."""
        fill(db)
        unknown = BaselineRecord(name="BN-SiLU", text="x", digest="c1-1", evaluation_key="u" * 64)
        with db.writer("run") as writer:
            writer.commit([candidate(30)], [audited(30)])
            writer.store_baseline(unknown)
        found = evaluation(key="f" * 64)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            merge(db, other)
            with other.writer("run") as writer:
                writer.store_evaluation(found)
                writer.store_baseline(replace(unknown, evaluation_key=found.key))
                writer.store_audited([replace(audited(30), evaluation_key=found.key)])
            merge(db, other)
            (baseline,) = (b for b in other.baselines("run") if b.name == unknown.name)
            (layer,) = other.audited("run")
            assert (baseline.evaluation_key, layer.evaluation_key) == (found.key, found.key)

    def test_audited_layers_and_hardware_come_along(self, db: ResultsDB, tmp_path: Path) -> None:
        fill(db)
        with db.writer("run") as writer:
            writer.commit([candidate(30)], [audited(30), audited(4, failure="crash")])
            writer.note_hardware("cpu a")
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            copy_run(db, other, "run")
            assert other.audited("run") == db.audited("run")
            assert other.run("run").hardware == ("cpu a",)
        fork_run(db, "run", "fork", config={})
        assert db.run("fork").hardware == ("cpu a",)
        assert db.audited("fork") == []

    def test_another_run_of_that_name_is_kept(self, db: ResultsDB, tmp_path: Path) -> None:
        fill(db)
        with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
            other.create_run("run", 8, {"lag": 4})
            with pytest.raises(RunExists, match="another run 'run': seed or config differs"):
                copy_run(db, other, "run")
            delete_run(other, "run")
            other.create_run("run", 7, {"lag": 4})
            with other.writer("run") as writer:
                writer.commit([candidate(0), candidate(1, verdict="crash")])
            with pytest.raises(RunExists, match=r"candidate 1 differs. Copy under another name"):
                copy_run(db, other, "run")


class TestLineage:
    def test_ancestors_and_originals(self, db: ResultsDB) -> None:
        db.create_run("run", 1, {})
        with db.writer("run") as writer:
            writer.commit(
                [
                    candidate(0),
                    candidate(1, parent=0),
                    candidate(2),
                    candidate(3, parent=2, verdict="duplicate", duplicate_of=1),
                    candidate(4, parent=1),
                    candidate(5, parent=2, donor=4),
                ]
            )
        graph = db.lineage("run", 3)
        assert sorted(graph.edges(data="duplicate")) == [
            (0, 1, False),
            (1, 3, True),
            (2, 3, False),
        ]
        assert graph.nodes[2]["candidate"].number == 2
        assert sorted(db.lineage("run", 4)) == [0, 1, 4]
        grafted = db.lineage("run", 5)
        assert sorted(grafted.edges(data="donor")) == [
            (0, 1, False),
            (1, 4, False),
            (2, 5, False),
            (4, 5, True),
        ]
        assert db.candidate("run", 5).donor == 4
        assert list(db.lineage("run", 2)) == [2]

    def test_an_unknown_candidate(self, db: ResultsDB) -> None:
        fill(db, count=3)
        with pytest.raises(CandidateNotFound, match="has 3 candidates, numbered from 0; given 3"):
            db.lineage("run", 3)


class TestClean:
    def test_runs_that_hold_nothing_go(self, db: ResultsDB) -> None:
        fill(db)
        db.create_run("empty", 1, {})
        db.create_run("starting", 1, {})
        with db.writer("starting"):
            assert clean(db, dry_run=True) == ["empty"]
            assert len(db.runs()) == 3
            assert clean(db, dry_run=False) == ["empty"]
        assert [run.name for run in db.runs()] == ["run", "starting"]

    def test_a_deleted_run_leaves_its_evaluations(self, db: ResultsDB) -> None:
        fill(db)
        with db.writer("run"), pytest.raises(RunLocked, match="Stop it, then delete it"):
            delete_run(db, "run")
        delete_run(db, "run")
        assert db.runs() == []
        assert db.find_layer("00") == []
        assert db.find_evaluation(evaluation().key) == evaluation()
