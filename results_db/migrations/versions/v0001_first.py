"""Version 1: runs, leases, candidates, evaluations, baselines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_HEX = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")


def _run_id() -> sa.Column[int]:
    return sa.Column(
        "run_id",
        sa.Integer,
        sa.ForeignKey("evonas_run.id", ondelete="CASCADE"),
        primary_key=True,
    )


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "evonas_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("budget", sa.BigInteger),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "evonas_lease",
        _run_id(),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("place", sa.String(400), nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "evonas_candidate",
        _run_id(),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("parent", sa.BigInteger),
        sa.Column("graph_json", sa.Text),
        sa.Column("digest", _HEX),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("duplicate_of", sa.BigInteger),
        sa.Column("scores", sa.Text, nullable=False),
        sa.Column("mean_score", sa.Double),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("cached", sa.Boolean, nullable=False),
        sa.Column("class_sha256", sa.String(64), nullable=False),
        sa.Column("committed_at", sa.Double, nullable=False),
    )
    candidate = "evonas_candidate"
    op.create_index("evonas_candidate_verdict", candidate, ["run_id", "verdict", "number"])
    op.create_index("evonas_candidate_mean", candidate, ["run_id", "mean_score"])
    op.create_index("evonas_candidate_digest", candidate, ["digest"])
    op.create_table(
        "evonas_evaluation",
        sa.Column("key", _HEX, primary_key=True),
        sa.Column("digest", _HEX, nullable=False, index=True),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("scores", sa.Text, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("class_sha256", sa.String(64), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("stored_at", sa.Double, nullable=False),
    )
    op.create_table(
        "evonas_baseline",
        _run_id(),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", _HEX, nullable=False),
        sa.Column("evaluation_key", _HEX, nullable=False),
    )
