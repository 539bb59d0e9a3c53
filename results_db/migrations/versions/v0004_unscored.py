"""Version 4: candidates without any score are tallied; no index of evaluations by digest."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_BUCKET = 1000


def upgrade() -> None:
    """Fills in the tallies from the history; nothing looked up evaluations by digest."""
    op.drop_index("ix_evonas_evaluation_digest", "evonas_evaluation")
    op.execute(
        sa.text(
            "INSERT INTO evonas_tally (run_id, bucket, kind, name, total) "
            f"SELECT run_id, number / {_BUCKET}, 'unscored', verdict, count(*) "
            "FROM evonas_candidate WHERE scores = '{}' "
            f"GROUP BY run_id, number / {_BUCKET}, verdict"
        )
    )
