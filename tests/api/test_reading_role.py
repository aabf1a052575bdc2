"""`DATABASE_READ_URL`: a role that may only read is enough for everything that is read."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from kasparro.postgres.sharing import Server
from tests.api.serving import app_of, running
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

ADMIN = "a-key-of-at-least-24-characters"


@pytest.fixture
def read_url(server: Server, url: str) -> Iterator[str]:
    """The ledger's address for a role that may only read it."""
    role = urlsplit(url).path[1:] + "_reader"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}".encode())
    # Peer authentication knows one user only: the role is taken on by each session.
    yield f"{url}&options=-c%20role%3D{role}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())


async def test_a_role_without_rights_to_write_serves_all_that_is_read(
    url: str, read_url: str, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1")))
    with psycopg.connect(read_url) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("DELETE FROM quotes")
    app = app_of(url, read_url=read_url, api_admin_key=ADMIN, api_rate_limit="1000/minute")
    async with running(app) as api:
        for path in ("/readyz", "/health", "/health/detailed", "/system/info", "/data", "/data/a", "/data/a/history",
                     "/data?as_of=2026-06-01", "/stats", "/stats/summary", "/runs", "/runs/1", "/etl/status",
                     "/rejections", "/drift", "/metrics", "/quotes/1048576/receipt",
                     "/quotes/1048576/receipt/payload"):  # fmt: skip
            assert (await api.get(path)).status_code == 200, path
        started = await api.post("/etl/run", headers={"authorization": f"Bearer {ADMIN}"})
        assert started.status_code == 202
