"""Version 3: the second parent of a candidate, of whom a piece was grafted; none so far."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("evonas_candidate", sa.Column("donor", sa.BigInteger))
