"""What every back-end guarantees."""

import math
import threading
from dataclasses import replace

import pytest

from results_db import (
    SCORED,
    BadRecord,
    BaselineRecord,
    EvaluationRecord,
    HistoryGap,
    LeaseLost,
    ResultsDB,
    RunExists,
    RunLocked,
    RunNotFound,
    RunWriter,
)

from .make import audited, candidate, evaluation


class TestRuns:
    def test_a_run_reads_as_it_was_made(self, db: ResultsDB) -> None:
        made = db.create_run("a", 2**63 - 1, {"x": [1, 0.1, None], "y": {"z": "\u00fc"}}, budget=5)
        assert (made.name, made.seed, made.budget) == ("a", 2**63 - 1, 5)
        assert made.config == {"x": [1, 0.1, None], "y": {"z": "\u00fc"}}
        assert db.runs() == [db.run("a")] == [made]

    def test_names_are_unique(self, db: ResultsDB) -> None:
        db.create_run("a", 1, {})
        with pytest.raises(RunExists, match=r"there is a run 'a'.*another name, or resume"):
            db.create_run("a", 2, {})

    def test_an_unknown_run_names_the_nearest(self, db: ResultsDB) -> None:
        with pytest.raises(RunNotFound, match=r"no run 'calm-otter'.*evonas search"):
            db.run("calm-otter")
        db.create_run("calm-otter", 1, {})
        with pytest.raises(RunNotFound, match=r"no run 'calm-oter'.*mean 'calm-otter'"):
            db.count("calm-oter")

    @pytest.mark.parametrize(("name", "seed"), [("", 1), ("a" * 201, 1), ("a", -1), ("a", 2**63)])
    def test_bad_runs_are_refused(self, db: ResultsDB, name: str, seed: int) -> None:
        with pytest.raises(BadRecord, match=r"a run's (name|seed)"):
            db.create_run(name, seed, {})

    def test_a_config_must_be_json(self, db: ResultsDB) -> None:
        with pytest.raises(BadRecord, match="config of run 'a' is no JSON"):
            db.create_run("a", 1, {"x": math.nan})

    def test_a_running_run_without_driver_is_interrupted(self, db: ResultsDB) -> None:
        assert db.create_run("run", 1, {}).state == "not started"
        with db.writer("run") as writer:
            writer.set_state("running")
            assert db.run("run").state == "running"
        assert db.run("run").state == "interrupted"
        db.set_state("run", "finished")
        assert db.run("run").state == "finished"

    def test_the_budget_of_a_finished_run_is_raised(self, db: ResultsDB) -> None:
        db.create_run("run", 1, {"a": 1}, budget=5)
        db.set_budget("run", 50)
        db.set_config("run", {"a": 2})
        assert (db.run("run").budget, db.run("run").config) == (50, {"a": 2})


class TestHistory:
    def test_candidates_read_as_they_were_committed(self, db: ResultsDB, writer: RunWriter) -> None:
        rows = [
            candidate(0),
            candidate(
                1, parent=0, donor=0, verdict="low_quality", scores={"vit": 0.1}, reason="\u00e9"
            ),
            candidate(2, verdict="duplicate", duplicate_of=0, cached=True),
            candidate(3, verdict="exhausted", graph_json=None, digest=None, scores={}),
            candidate(4, fingerprint=(math.inf, -0.0, 5e-324)),
            candidate(5, origin="warm start: \u00fc", costs={"kept": 2.0}, slot=9),
            candidate(6, repeat_of=4, seed_index=1),
        ]
        writer.commit(rows[:2])
        writer.commit([])
        writer.commit(rows[2:])
        read = list(db.candidates("run"))
        assert [replace(row, committed_at=None, seeds=None) for row in read] == rows
        assert [row.seeds for row in read] == [1, 0, 0, 0, 2, 1, 0]
        assert [row.history_row() for row in read] == [row.history_row() for row in rows]
        assert db.count("run") == writer.next_number == 7

    def test_ranges_and_verdicts(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(n, verdict=SCORED if n % 3 else "crash") for n in range(2500)])
        assert [c.number for c in db.candidates("run")] == list(range(2500))
        assert [c.number for c in db.candidates("run", first=998, last=1003)] == [*range(998, 1004)]
        assert [c.number for c in db.candidates("run", last=6, verdict="crash")] == [0, 3, 6]
        assert [c.number for c in db.window("run", last=6, size=3)] == [2, 4, 5]
        assert [c.number for c in db.window("run", last=2, size=9)] == [1, 2]
        assert [c.number for c in db.window("run", last=6, size=3, slots=(1, 2))] == [1, 5]

    @pytest.mark.parametrize("numbers", [[1], [0, 2], [1, 0], [0, 0]])
    def test_gaps_are_refused(self, db: ResultsDB, writer: RunWriter, numbers: list[int]) -> None:
        with pytest.raises(HistoryGap, match=r"continues with candidate 0.*given \["):
            writer.commit([candidate(n) for n in numbers])
        assert db.count("run") == 0

    def test_a_bad_value_refuses_the_whole_commit(self, db: ResultsDB, writer: RunWriter) -> None:
        with pytest.raises(BadRecord, match=r"scores of candidate 1 are not finite: {'vit': nan}"):
            writer.commit([candidate(0), candidate(1, scores={"vit": math.nan})])
        assert db.count("run") == 0
        writer.commit([candidate(0)])

    def test_text_from_a_crash_is_stored_whatever_it_holds(
        self, db: ResultsDB, writer: RunWriter
    ) -> None:
        writer.commit([candidate(0, reason="a\0b\ud800c", verdict="crash")])
        (row,) = db.candidates("run")
        assert row.reason.startswith("a\ufffdb")
        assert row.reason.endswith("c")


class TestWriter:
    def test_a_second_driver_is_refused_by_name_of_the_first(
        self, db: ResultsDB, writer: RunWriter
    ) -> None:
        with pytest.raises(RunLocked, match=r"'run' is being written by process \d+ on .*--take"):
            db.writer("run")

    def test_a_fenced_off_driver_cannot_write(self, db: ResultsDB, writer: RunWriter) -> None:
        with db.writer("run", take_over=True) as second:
            second.commit([candidate(0)])
            with pytest.raises(LeaseLost, match=r"taken over by process .*nothing was written"):
                writer.commit([candidate(0)])
            with pytest.raises(LeaseLost, match="taken over"):
                writer.set_state("finished")
            writer.close()
            second.commit([candidate(1)])
        assert db.count("run") == 2

    def test_the_next_driver_goes_on(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(0)])
        writer.close()
        assert db.holder("run") is None
        with db.writer("run") as second:
            assert second.next_number == 1
            second.commit([candidate(1)])

    def test_of_two_that_start_at_once_one_wins(self, db: ResultsDB) -> None:
        db.create_run("run", 1, {})
        writers: list[RunWriter] = []
        refused: list[RunLocked] = []
        gate = threading.Barrier(2)

        def start() -> None:
            gate.wait()
            try:
                writers.append(db.writer("run"))
            except RunLocked as error:
                refused.append(error)

        threads = [threading.Thread(target=start) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(writers), len(refused)) == (1, 1)
        writers[0].close()

    def test_a_reader_sees_whole_commits_while_one_is_written(
        self, url: str, writer: RunWriter
    ) -> None:
        with ResultsDB.open(url, create=False) as reader:
            rows = reader.candidates("run")
            writer.commit([candidate(n) for n in range(1500)])
            assert next(rows).number == 0
            writer.commit([candidate(n) for n in range(1500, 1600)])
            assert sum(1 for _ in rows) == 1599


class TestEvaluations:
    def test_the_first_stored_wins(self, db: ResultsDB, writer: RunWriter) -> None:
        first = evaluation(scores={"resnet": 0.1})
        assert db.find_evaluation(first.key) is None
        assert writer.store_evaluation(first) == first
        assert db.store_evaluation(replace(first, scores={"resnet": 0.2})) == first
        assert db.find_evaluation(first.key) == first

    def test_of_many_that_store_at_once_one_wins(self, db: ResultsDB) -> None:
        stored: list[EvaluationRecord] = []

        def store(number: int) -> None:
            for key in "abc":
                stored.append(db.store_evaluation(evaluation(key, seconds=float(number))))

        threads = [threading.Thread(target=store, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(stored) == 12
        assert all(record == db.find_evaluation(record.key) for record in stored)

    def test_an_evaluation_needs_a_key(self, db: ResultsDB) -> None:
        with pytest.raises(BadRecord, match="needs a key and a verdict; given ''"):
            db.store_evaluation(evaluation(key=""))

    def test_further_rejections_are_told(self, db: ResultsDB) -> None:
        db.store_evaluation(evaluation("a" * 64, verdict="unstable", further=("low_quality",)))
        db.store_evaluation(evaluation("b" * 64))
        assert [db.find_evaluation(key * 64).further for key in "ab"] == [("low_quality",), ()]  # type: ignore[union-attr]

    def test_baselines_by_name(self, db: ResultsDB, writer: RunWriter) -> None:
        relu = BaselineRecord(name="BN-ReLU", text="x", digest="c1-0", evaluation_key="k1")
        writer.store_baseline(replace(relu, evaluation_key="k0"))
        writer.store_baseline(relu)
        writer.store_baseline(replace(relu, name="A"))
        assert db.baselines("run") == [replace(relu, name="A"), relu]


class TestAudited:
    def test_they_are_told_in_the_order_in_which_they_were_met(
        self, db: ResultsDB, writer: RunWriter
    ) -> None:
        writer.commit([candidate(0), candidate(1)], [audited(1), audited(0)])
        assert db.audited("run") == [audited(0), audited(1)]
        assert db.count("run") == 2

    def test_only_where_the_result_stands_and_how_it_failed_may_change(
        self, db: ResultsDB, writer: RunWriter
    ) -> None:
        writer.commit([candidate(0)], [audited(0)])
        writer.commit([candidate(1)], [audited(0, failed="gradient")])
        writer.store_audited([audited(0, evaluation_key="k", failure="crash", text="other")])
        assert db.audited("run") == [audited(0, evaluation_key="k", failure="crash")]

    def test_a_commit_that_is_refused_leaves_none(self, db: ResultsDB, writer: RunWriter) -> None:
        with pytest.raises(BadRecord, match="not finite"):
            writer.commit([candidate(0, scores={"vit": math.nan})], [audited(0)])
        assert db.audited("run") == []

    def test_hardware_is_noted_once(self, db: ResultsDB, writer: RunWriter) -> None:
        for name in ("cpu a", "cpu b", "cpu a"):
            writer.note_hardware(name)
        assert db.run("run").hardware == ("cpu a", "cpu b")
