"""What every back-end answers to questions about a history."""

from dataclasses import replace

import pytest

from results_db import (
    SCORED,
    CandidateNotFound,
    ResultsDB,
    RunNotFound,
    RunWriter,
    check,
)

from .make import candidate, evaluation


class TestQueries:
    def test_leaderboard_and_front(self, db: ResultsDB, writer: RunWriter) -> None:
        points = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.4, 0.4), (0.5, 0.5), (0.1, 0.8)]
        rows = [candidate(n, scores={"a": a, "b": b}) for n, (a, b) in enumerate(points)]
        rows.append(candidate(6, verdict="duplicate", scores={"a": 1.0, "b": 1.0}))
        for row in rows:
            writer.commit([row])
        top = db.top("run", 5)
        assert [(r.rank, r.candidate.number, r.pareto) for r in top] == [
            (1, 1, True),
            (2, 2, True),
            (3, 4, True),
            (4, 5, True),
            (5, 3, False),
        ]
        assert top[0].mean == 0.5
        assert [c.number for c in db.pareto("run")] == [1, 2, 4, 5]

    def test_the_funnel(self, db: ResultsDB, writer: RunWriter) -> None:
        empty = db.funnel("run")
        assert (empty.candidates, empty.verdicts, empty.refused, empty.attempts) == (0, {}, {}, 0)
        for first in (0, 700, 1400):
            rows = range(first, first + 700)
            writer.commit(
                [
                    candidate(n, verdict="crash" if n % 2 else SCORED, attempts=2, cached=n < 3)
                    for n in rows
                ]
            )
        funnel = db.funnel("run")
        assert funnel.candidates == 2100
        assert funnel.verdicts == {SCORED: 1050, "crash": 1050}
        assert (funnel.attempts, funnel.cached) == (4200, 3)
        assert funnel.refused == {"structure": 2100 * 2099 // 2}
        steps = db.funnel_over_time("run")
        assert [(step.first, step.funnel.candidates) for step in steps] == [
            (0, 1000),
            (1000, 1000),
            (2000, 100),
        ]

    def test_layers_by_digest_prefix(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit(
            [candidate(0, digest="c1-" + "ab" * 16), candidate(1, digest="c1-" + "ac" * 16)]
        )
        for prefix, numbers in {
            "a": [0, 1],
            "c1-": [],
            "c1-a": [0, 1],
            "ab": [0],
            "c1-" + "ac" * 16: [1],
            "ad": [],
            "%": [],
            "": [],
        }.items():
            assert [found.candidate.number for found in db.find_layer(prefix)] == numbers, prefix
        assert db.find_layer("ab")[0].run == "run"

    def test_one_candidate(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(0), candidate(1)])
        assert db.candidate("run", 1).history_row() == candidate(1).history_row()
        for number in (-1, 2):
            with pytest.raises(CandidateNotFound, match=rf"2 candidates.*given {number}"):
                db.candidate("run", number)

    def test_one_fingerprint(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(0), candidate(1, fingerprint=())])
        assert db.fingerprint("run", 0) == candidate(0).fingerprint
        assert db.fingerprint("run", 1) == ()
        with pytest.raises(CandidateNotFound, match=r"2 candidates.*given 2"):
            db.fingerprint("run", 2)
        with pytest.raises(RunNotFound, match="no run 'rum'"):
            db.fingerprint("rum", 0)

    def test_fingerprints_in_order(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(0), candidate(1, fingerprint=()), candidate(2), candidate(3)])
        prints = list(db.fingerprints("run", last=2))
        assert prints == [(n, candidate(n).fingerprint) for n in (0, 2)]

    def test_fingerprints_of_originals_by_their_first_numbers(
        self, db: ResultsDB, writer: RunWriter
    ) -> None:
        writer.commit([candidate(0), candidate(1, duplicate_of=0), candidate(2)])
        prints = list(db.fingerprints("run", originals=True, head=1))
        assert prints == [(n, candidate(n).fingerprint[:1]) for n in (0, 2)]

    def test_count_of_candidates_without_scores(self, db: ResultsDB, writer: RunWriter) -> None:
        scores = ({}, {"resnet": 0.5}, {})
        writer.commit([candidate(n, verdict="crash", scores=s) for n, s in enumerate(scores)])
        assert db.funnel("run").unscored == {"crash": 2}

    def test_evaluations_in_groups(self, db: ResultsDB, writer: RunWriter) -> None:
        old, new = evaluation("a" * 64), evaluation("b" * 64)
        writer.store_evaluation(old)
        again = replace(old, scores={"resnet": 0.2})
        assert writer.store_evaluations([again, new]) == [old, new]
        assert writer.store_evaluations([]) == []
        assert db.find_evaluations([old.key, "c" * 64, new.key]) == {old.key: old, new.key: new}


class TestCheck:
    def test_a_sound_database(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(n, verdict="crash" if n % 5 else SCORED) for n in range(1100)])
        assert check(db) == []

    def test_what_disagrees_is_named(self, db: ResultsDB, writer: RunWriter) -> None:
        writer.commit([candidate(n) for n in range(4)])
        with db.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM evonas_candidate WHERE number = 1")
            connection.exec_driver_sql("DELETE FROM evonas_front")
        missing, tallies, front = check(db)
        assert missing == "run 'run': candidates 1 to 1 are missing."
        assert tallies.startswith("run 'run': the tallies say {'scored': 4}, the history")
        assert front.startswith("run 'run': the Pareto front is stored as []")
