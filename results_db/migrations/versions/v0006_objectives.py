"""Version 6: origin, static costs, re-evaluations on further seeds, order of opening."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns; every row so far is a candidate of its own, evaluated once."""
    table = "evonas_candidate"
    op.add_column(table, sa.Column("origin", sa.Text, nullable=False, server_default=""))
    op.add_column(table, sa.Column("repeat_of", sa.BigInteger))
    op.add_column(table, sa.Column("seed_index", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column(table, sa.Column("slot", sa.BigInteger))
    op.add_column(table, sa.Column("costs", sa.Text, nullable=False, server_default="{}"))
    op.add_column(table, sa.Column("seeds", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("evonas_candidate_repeat", table, ["run_id", "repeat_of"])
    op.execute(sa.text(f"UPDATE {table} SET seeds = 1 WHERE mean_score IS NOT NULL"))
