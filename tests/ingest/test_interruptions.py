"""The database goes away, or has no room: what is said, what is kept, how it goes on."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from kasparro.errors import ExitCode
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from kasparro.postgres import sharing
from kasparro.postgres.sharing import Server, shared_server
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import digest
from kasparro.store.errors import DatabaseUnavailable
from kasparro.store.schema import migrate
from tests.ingest.commands import Commands, fresh_ledger
from tests.ingest.looking import rows
from tests.ingest.scripted import Answer, Scripted, body, record

PAGES = [body(*(record(f"c{page}-{n}", str(n)) for n in range(50))) for page in range(6)]


async def _digest(url: str) -> dict[str, dict[str, object]]:
    connection = await connect(url)
    try:
        return await digest(connection)
    finally:
        await connection.close()


async def _undisturbed(url: str) -> dict[str, dict[str, object]]:
    assert (await run_ingest(url, [Scripted(*PAGES)], progress=Quiet())).status == "success"
    return await _digest(url)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[Server, Callable[[], None]]]:
    """A server with a ledger that nobody else uses, and a way to restart it."""
    home = tmp_path / "home"
    with ExitStack() as stack:
        server = stack.enter_context(shared_server(home))
        migrate(server.url)

        def restart() -> None:
            assert sharing.stop(home)
            stack.enter_context(shared_server(home))

        yield server, restart


async def test_a_database_restarted_amid_a_run_is_waited_for_and_nothing_is_lost(
    own_server: tuple[Server, Callable[[], None]], url: str
) -> None:
    server, restart = own_server
    times: list[int] = []

    async def amid() -> bytes:
        times.append(1)
        if len(times) == 1:
            restart()
        return PAGES[3]

    answers: list[Answer] = [*PAGES[:3], amid, *PAGES[4:]]
    report = await run_ingest(server.url, [Scripted(*answers, concurrency=1)], progress=Quiet())
    assert report.status == "success", report
    assert len(times) == 2
    assert await _digest(server.url) == await _undisturbed(url)


async def test_a_database_that_stays_away_is_told_and_the_next_run_goes_on(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kasparro.ingest.step.RECONNECT_SECONDS", 0.0)
    home = tmp_path / "home"
    with shared_server(home) as server:
        migrate(server.url)

        async def amid() -> bytes:
            assert sharing.stop(home)
            return PAGES[3]

        with pytest.raises(DatabaseUnavailable) as told:
            await run_ingest(server.url, [Scripted(*PAGES[:3], amid, concurrency=1)], progress=Quiet())
        assert "the run goes on from its last page" in told.value.remedy
    with shared_server(home) as server:
        source = Scripted(*PAGES)
        assert (await run_ingest(server.url, [source], progress=Quiet())).status == "success"
        assert not {("pages", 1), ("pages", 2)} & set(source.asked)
        assert await _digest(server.url) == await _undisturbed(url)


def _fills_up_after(url: str, loads: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"""CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF NEW.load_id > {loads} THEN
                        RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100';
                    END IF;
                    RETURN NEW;
                END $$""".encode()
        )
        connection.execute("CREATE TRIGGER fills_up BEFORE INSERT ON loads FOR EACH ROW EXECUTE FUNCTION full_disk()")


async def test_a_full_disk_is_told_with_a_remedy_and_after_relief_the_next_run_completes(
    server: Server, template: str, url: str, tmp_path: Path
) -> None:
    lines = ["id,symbol,name,price_usd,last_updated", *(f"c{n},C,Coin,{n}.5,2026-01-01T00:00:00Z" for n in range(500))]
    (tmp_path / "prices.csv").write_text("\n".join(lines) + "\n")
    commands = Commands(tmp_path, CSV_PATH=tmp_path / "prices.csv", ETL_BATCH_SIZE=100)
    _fills_up_after(url, 2)
    code, _, said = commands.having(DATABASE_URL=url).run("ingest", "--source", "csv")
    assert code == ExitCode.DISK, said
    with psycopg.connect(url, autocommit=True) as connection:
        remedy = connection.execute("SELECT error, remedy FROM etl_steps").fetchone()
        assert remedy is not None
        assert "disk is full" in remedy[0]
        assert "Free some space" in remedy[1]
        assert connection.execute("SELECT count(*) FROM loads").fetchone() == (2,)
        kept = connection.execute("SELECT count(*), (SELECT sum(new) FROM loads) FROM quotes").fetchone()
        assert kept is not None
        assert kept[0] == kept[1] > 0
        connection.execute("DROP TRIGGER fills_up ON loads")
    commands.having(DATABASE_URL=url).json("ingest", "--source", "csv")
    with fresh_ledger(server, template) as other:
        commands.having(DATABASE_URL=other).json("ingest", "--source", "csv")
        assert await _digest(url) == await _digest(other)


async def test_a_step_that_cannot_be_closed_does_not_stop_the_other_sources(url: str, connection: Connection) -> None:
    await connection.execute(
        """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE 'No space left on device' USING ERRCODE = '53100'; END $$"""
    )
    await connection.execute(
        """CREATE TRIGGER fills_up BEFORE UPDATE ON etl_steps FOR EACH ROW
           WHEN (OLD.source = 'first') EXECUTE FUNCTION full_disk()"""
    )
    others_turn = asyncio.Event()

    class Watching(Quiet):
        def ended(self, source: str, status: str) -> None:
            others_turn.set()

    async def afterwards() -> bytes:
        await others_turn.wait()
        return PAGES[1]

    first, other = Scripted(PAGES[0], name="first"), Scripted(afterwards, *PAGES[2:], name="other")
    report = await run_ingest(url, [first, other], progress=Watching())
    assert [step.counts.new for step in report.steps] == [50, 250]
    await connection.execute("DROP TRIGGER fills_up ON etl_steps")
    assert (await run_ingest(url, [Scripted(PAGES[0], name="first")], progress=Quiet())).status == "success"
    ended = await rows(connection, "SELECT source, status FROM etl_steps ORDER BY step_id")
    assert ended == [("first", "interrupted"), ("other", "success"), ("first", "success")]


@pytest.fixture
def tiny_disk(own_server: tuple[Server, Callable[[], None]]) -> Iterator[Path]:
    """A disk of a few megabytes that the own server may write to. Only root can make one."""
    folder = Path(tempfile.mkdtemp(prefix="kasparro-tiny-", dir="/tmp"))
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=14m", "kasparro-tiny", folder], capture_output=True, check=False
        ).returncode
    )
    if not made:
        folder.rmdir()
        pytest.skip("a disk of its own can't be mounted here")
    owner = own_server[0].data_dir.stat()
    space = folder / "space"
    space.mkdir()
    os.chown(space, owner.st_uid, owner.st_gid)
    folder.chmod(0o755)
    yield space
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


def _grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)


async def test_a_disk_that_is_really_full_loses_nothing(
    tiny_disk: Path, own_server: tuple[Server, Callable[[], None]], url: str
) -> None:
    # No other test's server: a full disk fails its checkpoints, and with them whatever waits for one.
    server, _ = own_server
    pages = [body(*(record(f"c{page}-{n}", str(n), name="x" * 400) for n in range(2_000))) for page in range(8)]
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE tiny LOCATION '{tiny_disk}'".encode())
    with fresh_ledger(server, "template1", "TABLESPACE tiny") as tiny:
        migrate(tiny)
        report = await run_ingest(tiny, [Scripted(*pages)], progress=Quiet())
        assert (report.status, report.exit_code) == ("failed", ExitCode.DISK)
        assert "No space left" in (report.steps[0].error or "")
        _grow(tiny_disk.parent)
        assert (await run_ingest(tiny, [Scripted(*pages)], progress=Quiet())).status == "success"
        assert (await run_ingest(url, [Scripted(*pages)], progress=Quiet())).status == "success"
        assert await _digest(tiny) == await _digest(url)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP TABLESPACE tiny")
