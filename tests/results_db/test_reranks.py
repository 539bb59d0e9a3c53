"""Reranks as they are stored, found, replaced, copied and deleted with their run."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from results_db import BadRecord, ResultsDB, RunNotFound, copy_run, delete_run

from .make import rerank


def test_what_is_stored_is_found_again(db: ResultsDB) -> None:
    db.create_run("run", 1, {})
    db.create_run("other", 1, {})
    later, other = rerank(key="s" * 64, stored_at=7.0), rerank("other", stored_at=6.0)
    for record in (later, rerank(), other):
        db.store_rerank(record)
    assert db.reranks("run") == [rerank(), later]
    assert db.reranks("other") == [other]
    assert db.reranks() == [rerank(), other, later]


def test_the_same_key_is_replaced(db: ResultsDB) -> None:
    db.create_run("run", 1, {})
    db.store_rerank(rerank())
    again = rerank(settings={"seeds": 3}, stored_at=None)
    db.store_rerank(again)
    (found,) = db.reranks("run")
    assert found.stored_at is not None
    assert replace(found, stored_at=None) == again


def test_what_cannot_be_stored(db: ResultsDB) -> None:
    with pytest.raises(RunNotFound, match="no run 'run'"):
        db.store_rerank(rerank())
    with pytest.raises(RunNotFound, match="no run 'run'"):
        db.reranks("run")
    db.create_run("run", 1, {})
    with pytest.raises(BadRecord, match=r"settings of rerank rrrrrrrrrrrr of run 'run' is no JSON"):
        db.store_rerank(rerank(settings={"rate": math.nan}))
    assert db.reranks() == []


def test_reranks_go_where_their_run_goes(db: ResultsDB, tmp_path: Path) -> None:
    db.create_run("run", 1, {})
    db.store_rerank(rerank())
    with ResultsDB.open(f"sqlite:///{tmp_path}/other.db") as other:
        for _ in range(2):
            copy_run(db, other, "run", new_name="copy")
        assert other.reranks("copy") == [rerank("copy")]
    delete_run(db, "run")
    assert db.reranks() == []
