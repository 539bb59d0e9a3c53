"""Version 2: tallies, Pareto front, the origin of forks; filled in from the history."""

import json
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BUCKET = 1000


def _run_id() -> sa.Column[int]:
    return sa.Column(
        "run_id",
        sa.Integer,
        sa.ForeignKey("evonas_run.id", ondelete="CASCADE"),
        primary_key=True,
    )


def upgrade() -> None:
    """Makes the tables and reads each history once."""
    op.add_column("evonas_run", sa.Column("forked_from", sa.String(200)))
    op.add_column("evonas_run", sa.Column("forked_at", sa.BigInteger))
    tally = op.create_table(
        "evonas_tally",
        _run_id(),
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("total", sa.BigInteger, nullable=False),
    )
    front = op.create_table(
        "evonas_front",
        _run_id(),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    connection = op.get_bind()
    for run_id in connection.execute(sa.text("SELECT id FROM evonas_run")).scalars().all():
        counts, members = _read_history(connection, run_id)
        if counts:
            rows = [(*key, total) for key, total in counts.items()]
            names = ("bucket", "kind", "name", "total")
            values = [{"run_id": run_id, **dict(zip(names, row, strict=True))} for row in rows]
            connection.execute(tally.insert(), values)
        if members:
            connection.execute(front.insert(), [{"run_id": run_id, "number": n} for n in members])


def _read_history(
    connection: sa.Connection, run_id: int
) -> tuple[Counter[tuple[int, str, str]], list[int]]:
    """The tallies of a run and the numbers of its Pareto front."""
    query = sa.text(
        "SELECT number, verdict, attempts, cached, refused, scores, mean_score "
        "FROM evonas_candidate WHERE run_id = :run_id ORDER BY number"
    )
    counts: Counter[tuple[int, str, str]] = Counter()
    members: dict[int, dict[str, float]] = {}
    for row in connection.execute(query, {"run_id": run_id}):
        bucket = row.number // _BUCKET
        counts[bucket, "verdict", row.verdict] += 1
        counts[bucket, "sum", "attempts"] += row.attempts
        counts[bucket, "sum", "cached"] += bool(row.cached)
        for check, times in json.loads(row.refused).items():
            counts[bucket, "refused", check] += times
        if row.mean_score is None:
            continue
        scores = json.loads(row.scores)
        if not any(_dominates(member, scores) for member in members.values()):
            for other in [n for n, member in members.items() if _dominates(scores, member)]:
                del members[other]
            members[row.number] = scores
    return counts, sorted(members)


def _dominates(a: dict[str, float], b: dict[str, float]) -> bool:
    return a.keys() == b.keys() and a != b and all(a[anchor] >= b[anchor] for anchor in a)
