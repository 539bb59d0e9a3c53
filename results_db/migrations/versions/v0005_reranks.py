"""Version 5: reranks, the best layers of a run trained again on held-out settings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_HEX = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "evonas_rerank",
        sa.Column(
            "run_id",
            sa.Integer,
            sa.ForeignKey("evonas_run.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("key", _HEX, primary_key=True),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("layers", sa.Text, nullable=False),
        sa.Column("stored_at", sa.Double, nullable=False),
    )
