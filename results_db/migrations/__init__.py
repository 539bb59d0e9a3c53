"""The steps from each schema version to the next, for Alembic; a step out is never changed."""
