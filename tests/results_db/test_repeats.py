"""Candidates evaluated on further seeds: rows of their own kind, and what they change."""

from __future__ import annotations

import pytest

from results_db import REJECTED, SCORED, CandidateRecord, ResultsDB, RunWriter, check, merge

from .make import candidate


def again(number: int, of: int, seed: int, **fields: object) -> CandidateRecord:
    known: dict[str, object] = {"repeat_of": of, "seed_index": seed, "fingerprint": ()}
    return candidate(number, **{**known, **fields})


HISTORY = (
    candidate(0, scores={"a": 0.9, "b": 0.9}),
    candidate(1, scores={"a": 0.6, "b": 0.6}),
    candidate(2, scores={"a": 0.5, "b": 0.5}),
    again(3, 0, 1, scores={"a": 0.1, "b": 0.3}),
    again(4, 2, 1, scores={"a": 0.7, "b": 0.5}),
    again(5, 2, 2, verdict="timeout", scores={}),
)


def ranking(db: ResultsDB) -> list[tuple[int, float, int | None]]:
    return [
        (one.candidate.number, round(one.mean, 9), one.candidate.seeds) for one in db.top("run", 9)
    ]


@pytest.mark.parametrize("step", [1, 2, 6])
def test_the_ranking_is_by_the_mean_over_seeds(db: ResultsDB, writer: RunWriter, step: int) -> None:
    for first in range(0, len(HISTORY), step):
        writer.commit(HISTORY[first : first + step])
    assert ranking(db) == [(1, 0.6, 1), (0, 0.55, 2), (2, 0.55, 2)]
    assert check(db) == []
    assert [row.number for row in db.repeats("run")] == [3, 4, 5]
    assert [row.number for row in db.repeats("run", least=1, last=4)] == [4]
    assert [row.number for row in db.window("run", last=9, size=9)] == [0, 1, 2]


def test_they_are_counted_apart(db: ResultsDB, writer: RunWriter) -> None:
    writer.commit(HISTORY)
    funnel = db.funnel("run")
    assert funnel.verdicts == {SCORED: 3}
    assert funnel.candidates == 3
    assert funnel.repeated == {SCORED: 2, "timeout": 1}
    assert db.count("run") == 6


@pytest.mark.parametrize("verdict", sorted(REJECTED))
def test_a_layer_that_a_protocol_rejects_is_ranked_no_more(
    db: ResultsDB, writer: RunWriter, verdict: str
) -> None:
    writer.commit([*HISTORY, again(6, 1, 1, verdict=verdict, scores={})])
    assert ranking(db) == [(0, 0.55, 2), (2, 0.55, 2)]
    assert db.candidate("run", 1).seeds == 0
    assert check(db) == []


def test_they_are_copied_and_not_found_as_layers(
    db: ResultsDB, writer: RunWriter, tmp_path: object
) -> None:
    writer.commit(HISTORY)
    with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
        merge(db, other)
        assert ranking(other) == ranking(db)
        assert [r.history_row() for r in other.candidates("run")] == [
            r.history_row() for r in HISTORY
        ]
    digest = HISTORY[0].digest or ""
    repeated = again(6, 0, 2, digest=digest, scores={"a": 0.5, "b": 0.5})
    writer.commit([repeated])
    assert [found.candidate.number for found in db.find_layer(digest)] == [0]


def test_check_finds_a_wrong_number_of_seeds(db: ResultsDB, writer: RunWriter) -> None:
    writer.commit(HISTORY)
    from sqlalchemy import text

    with db.database.write() as connection:
        connection.execute(text("UPDATE evonas_candidate SET seeds = 7 WHERE number = 1"))
    assert check(db) == ["run 'run': candidate 1 has 1 seeds, not 7."]


def test_check_bears_with_a_driver_that_goes_on(
    db: ResultsDB, writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.commit(HISTORY)
    read = db.repeats

    def repeats(run: str, **given: int) -> list[CandidateRecord]:
        rows = read(run, **given)
        writer.commit([again(6, 1, 1, scores={"a": 0.5, "b": 0.5})])
        return rows

    monkeypatch.setattr(db, "repeats", repeats)
    assert check(db) == []
    assert db.candidate("run", 1).seeds == 2


def test_costs_are_objectives(db: ResultsDB, writer: RunWriter) -> None:
    cheap = candidate(1, scores={"a": 0.1}, costs={"kept": 1.0})
    writer.commit([candidate(0, scores={"a": 0.9}, costs={"kept": 3.0}), cheap])
    writer.commit([candidate(2, scores={"a": 0.05}, costs={"kept": 1.0})])
    assert [row.number for row in db.pareto("run")] == [0, 1]
    assert db.pareto("run")[1].costs == {"kept": 1.0}
    assert check(db) == []
