"""The tables; a change here needs a migration and a raised SCHEMA_VERSION."""

from __future__ import annotations

from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 7

# Digests and keys are compared by bytes (prefix search by range), whatever the server's locale.
HexText = String(80).with_variant(String(80, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """All tables carry the prefix evonas_, so that a PostgreSQL database can be shared."""


class SchemaRow(Base):
    """One row: the schema version, in the form that Alembic reads ("0001")."""

    __tablename__ = "evonas_schema"

    version_num: Mapped[str] = mapped_column(String(32), primary_key=True)


class RunRow(Base):
    """A search. `config`, `hardware`: JSON."""

    __tablename__ = "evonas_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    seed: Mapped[int] = mapped_column(BigInteger)
    config: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(40))
    budget: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[float] = mapped_column(Double)
    updated_at: Mapped[float] = mapped_column(Double)
    forked_from: Mapped[str | None] = mapped_column(String(200))
    forked_at: Mapped[int | None] = mapped_column(BigInteger)
    hardware: Mapped[str | None] = mapped_column(Text)


class LeaseRow(Base):
    """Who may write a run: `fence` grows with every holder, `beat` as it lives; `pid` 0: nobody."""

    __tablename__ = "evonas_lease"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    fence: Mapped[int] = mapped_column(BigInteger)
    beat: Mapped[int] = mapped_column(BigInteger)
    host: Mapped[str] = mapped_column(String(255))
    place: Mapped[str] = mapped_column(String(400))
    pid: Mapped[int] = mapped_column(BigInteger)


class CandidateRow(Base):
    """A row of a history. `scores`, `costs`, `refused`: JSON; `fingerprint`: little-endian float64.

    `mean_score` and `seeds` are derived, over a candidate's re-evaluations too (see repeats.py);
    `mean_score` is null for what is not ranked.
    """

    __tablename__ = "evonas_candidate"
    __table_args__ = (
        Index("evonas_candidate_verdict", "run_id", "verdict", "number"),
        Index("evonas_candidate_mean", "run_id", "mean_score"),
        Index("evonas_candidate_digest", "digest"),
        Index("evonas_candidate_repeat", "run_id", "repeat_of"),
    )

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    parent: Mapped[int | None] = mapped_column(BigInteger)
    donor: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(Text, server_default="")
    repeat_of: Mapped[int | None] = mapped_column(BigInteger)
    seed_index: Mapped[int] = mapped_column(BigInteger, server_default="0")
    slot: Mapped[int | None] = mapped_column(BigInteger)
    graph_json: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(HexText)
    text: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    duplicate_of: Mapped[int | None] = mapped_column(BigInteger)
    scores: Mapped[str] = mapped_column(Text)
    costs: Mapped[str] = mapped_column(Text, server_default="{}")
    mean_score: Mapped[float | None] = mapped_column(Double)
    seeds: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    seconds: Mapped[float] = mapped_column(Double)
    worker: Mapped[str] = mapped_column(Text)
    cached: Mapped[bool]
    class_sha256: Mapped[str] = mapped_column(String(64))
    committed_at: Mapped[float] = mapped_column(Double)


class EvaluationRow(Base):
    """A finished evaluation, shared by all runs. `scores`, `further`: JSON."""

    __tablename__ = "evonas_evaluation"

    key: Mapped[str] = mapped_column(HexText, primary_key=True)
    digest: Mapped[str] = mapped_column(HexText)
    verdict: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    scores: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float] = mapped_column(Double)
    class_sha256: Mapped[str] = mapped_column(String(64))
    worker: Mapped[str] = mapped_column(Text)
    further: Mapped[str | None] = mapped_column(Text)
    stored_at: Mapped[float] = mapped_column(Double)


class BaselineRow(Base):
    """A known layer measured beside a run's own."""

    __tablename__ = "evonas_baseline"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(HexText)
    evaluation_key: Mapped[str] = mapped_column(HexText)


class RerankRow(Base):
    """The best layers of a run, trained again. `settings`, `layers`: JSON."""

    __tablename__ = "evonas_rerank"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(HexText, primary_key=True)
    settings: Mapped[str] = mapped_column(Text)
    layers: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[float] = mapped_column(Double)


class AuditedRow(Base):
    """A layer that a check threw out, trained to the end to see whether it was right to."""

    __tablename__ = "evonas_audited"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(HexText, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[str] = mapped_column(String(200))
    graph_json: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    evaluation_key: Mapped[str] = mapped_column(HexText)
    failure: Mapped[str] = mapped_column(Text)


class TallyRow(Base):
    """A count over the candidates of one bucket; see derived.py."""

    __tablename__ = "evonas_tally"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)


class FrontRow(Base):
    """A member of a run's Pareto front."""

    __tablename__ = "evonas_front"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("evonas_run.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
