"""Alembic's entry: runs the steps inside the transaction that `upgrade` opened."""

from alembic import context

from results_db.tables import Base, SchemaRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=SchemaRow.__tablename__,
)
context.run_migrations()
