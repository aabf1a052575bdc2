"""Alembic's entry: one transaction on the URL that `store.schema.migrate` gives."""

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool

# The URL goes to psycopg as it is: SQLAlchemy would read a socket's directory in it as a host.
url = context.config.attributes["url"]
engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
