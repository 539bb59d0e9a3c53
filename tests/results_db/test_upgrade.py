"""Every stored schema version is brought to the current one."""

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from results_db import SCORED, ResultsDB, SchemaMismatch, check, recompute_digests, upgrade
from results_db.front import extend
from results_db.migrate import migrate
from results_db.schema import connect
from results_db.tables import SCHEMA_VERSION, Base, SchemaRow

from .make import audited, candidate, rerank

STORED = Path(__file__).parent / "stored"


@pytest.fixture(params=range(1, SCHEMA_VERSION))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / "old.db"
    shutil.copy(STORED / f"version_{request.param}.sqlite", path)
    return f"sqlite:///{path}"


def test_an_old_file_is_refused_then_upgraded(old: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"evonas db upgrade"):
        ResultsDB.open(old)
    before, after = upgrade(old)
    assert (before, after) == (before, SCHEMA_VERSION)
    assert upgrade(old) == (SCHEMA_VERSION, SCHEMA_VERSION)
    with ResultsDB.open(old) as db:
        rows = list(db.candidates("first"))
        assert len(rows) == 60
        assert db.funnel("first").verdicts == {"scored": 15, "low_quality": 45}
        assert db.funnel("first").unscored == {"low_quality": 45}
        assert db.funnel("first").refused == {"structure": 60, "probe": 30}
        assert (db.funnel("first").attempts, db.funnel("first").cached) == (180, 6)
        front = extend({}, {row.number: row.scores for row in rows if row.scores})
        assert [row.number for row in db.pareto("first")] == sorted(front)
        assert [b.name for b in db.baselines("first")] == ["BN-ReLU"]
        db.store_rerank(rerank("first"))
        assert [found.run for found in db.reranks()] == ["first"]
        assert db.audited("first") == []
        assert db.run("first").hardware == ()
        assert {row.seeds for row in rows if row.scores} == {1}
        assert {(row.origin, row.repeat_of, row.seed_index, row.slot) for row in rows} == {
            ("", None, 0, None)
        }
        scored = next(row for row in rows if row.verdict == SCORED)
        again = candidate(61, repeat_of=scored.number, seed_index=1, scores=scored.scores)
        with db.writer("first") as writer:
            writer.commit([candidate(60), again], [audited(60)])
            writer.note_hardware("cpu a")
        assert db.candidate("first", scored.number).seeds == 2
        assert db.audited("first") == [audited(60)]
        assert db.run("first").hardware == ("cpu a",)
        assert check(db) == []


def test_a_failed_upgrade_changes_nothing(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        migrate(*args)  # type: ignore[arg-type]
        raise RuntimeError("power")

    monkeypatch.setattr("results_db.migrate.migrate", fail)
    with pytest.raises(RuntimeError, match="power"):
        upgrade(old)
    with pytest.raises(SchemaMismatch, match="evonas db upgrade"):
        ResultsDB.open(old)
    monkeypatch.undo()
    upgrade(old)
    ResultsDB.open(old).close()


def test_migrations_lead_to_the_tables(url: str) -> None:
    if url.startswith("sqlite"):
        ResultsDB.open(url).close()
        url = url.replace("evonas.db", "migrated.db")
    with connect(url, create=True) as database:
        with database.write() as connection:
            migrate(connection, f"{SCHEMA_VERSION:04}")
        with database.read() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "version_table": SchemaRow.__tablename__,
                    "compare_type": True,
                    "include_name": lambda name, kind, _: name != SchemaRow.__tablename__,
                },
            )
            assert [
                change
                for change in compare_metadata(context, Base.metadata)
                if "evonas_schema" not in str(change)
            ] == []
    with ResultsDB.open(url) as db:
        db.create_run("run", 1, {})


def test_digests_are_recomputed(db: ResultsDB) -> None:
    for name in ("a", "b"):
        db.create_run(name, 1, {})
        with db.writer(name) as writer:
            writer.commit([candidate(0), candidate(1, graph_json=None, digest=None), candidate(2)])

    def digest_of(graph_json: str) -> str:
        return f"c2-{len(graph_json):032x}"

    assert recompute_digests(db, digest_of, chunk=2) == 4
    assert recompute_digests(db, digest_of, chunk=2) == 0
    assert [found.run for found in db.find_layer("c2-")] == []
    assert [found.run for found in db.find_layer("c2-0")] == ["a", "a", "b", "b"]
