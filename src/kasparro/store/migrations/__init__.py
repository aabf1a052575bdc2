"""The schema's history: Alembic revisions, each running the `.sql` file of its name."""
