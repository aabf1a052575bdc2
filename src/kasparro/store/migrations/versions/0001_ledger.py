"""The ledger: payloads, loads, listings, quotes, runs and the views over them."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # The driver's own cursor: several statements at once, and no reading of % as a parameter.
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
