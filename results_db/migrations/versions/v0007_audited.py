"""Version 7: layers that the audit follows; further rejections; the hardware of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_HEX = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table and adds the columns; what was not noted then stays unknown."""
    op.add_column("evonas_run", sa.Column("hardware", sa.Text))
    op.add_column("evonas_evaluation", sa.Column("further", sa.Text))
    op.create_table(
        "evonas_audited",
        sa.Column(
            "run_id",
            sa.Integer,
            sa.ForeignKey("evonas_run.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("digest", _HEX, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.String(200), nullable=False),
        sa.Column("graph_json", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("evaluation_key", _HEX, nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
    )
