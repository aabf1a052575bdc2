"""Whole runs against the simulated providers: faults, resumption, evidence."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import msgspec
import pytest

from kasparro.ingest.progress import Quiet
from kasparro.ingest.report import StepReport
from kasparro.ingest.reprocess import reprocess
from kasparro.ingest.run import run_ingest
from kasparro.sandbox import RunningSandbox, SandboxSettings, start
from kasparro.sources import coingecko, coinpaprika
from kasparro.sources.client import PoliteClient
from kasparro.sources.contract import Parsed, Payload, Request, Source
from kasparro.store.connection import Connection
from kasparro.store.digest import digest
from kasparro.store.rejections import list_rejections
from tests.ingest.looking import latest, rows, value

COINS = 1_000


async def _spend(source: str, limit: int | None) -> bool:
    return True


class Providers:
    """Both providers, simulated at a moment that stands still, and runs against them."""

    def __init__(self, sandbox: RunningSandbox, url: str) -> None:
        self._sandbox = sandbox
        self._url = url
        self._http = httpx2.AsyncClient(base_url=sandbox.url, trust_env=False)

    def client(self, name: str) -> PoliteClient:
        """A client that is not made to wait."""
        free = {"concurrency": 2, "requests": 10_000, "period": 1, "backoff_base": 0.001, "backoff_cap": 0.002,
                "wait_after_429": 0.001, "month_quota": None}  # fmt: skip
        root = self._sandbox.coingecko_url if name == "coingecko" else self._sandbox.coinpaprika_url
        plans = coingecko.PLANS["keyless"] if name == "coingecko" else coinpaprika.PLANS["free"]
        plan = msgspec.structs.replace(plans, root=root, **free)
        return PoliteClient(name, plan, cap=(10_000, 1), key=None, spend=_spend, time_budget=60)

    def source(self, name: str) -> Source:
        """A source as a run is given it."""
        client = self.client(name)
        if name == "coingecko":
            return coingecko.CoinGecko(client, max_coins=COINS)
        return coinpaprika.CoinPaprika(client, max_coins=None)

    async def ingest(self, name: str = "coingecko", *, fail_after: int | None = None) -> StepReport:
        """What a run of one source did."""
        report = await run_ingest(self._url, [self.source(name)], progress=Quiet(), fail_after=fail_after)
        return report.steps[0]

    async def fault(self, *lines: str) -> None:
        """Let these faults, and no others, happen from now on."""
        await self._http.delete("/_sandbox/faults")
        answer = await self._http.post("/_sandbox/faults", content="\n".join(lines))
        assert answer.status_code == 200, answer.text

    async def asked(self, path: str) -> int:
        """How many requests for `path` have been answered so far."""
        counted = (await self._http.get("/_sandbox/requests")).json()["requests"]
        return sum(row["count"] for row in counted if row["path"] == path)

    async def close(self) -> None:
        await self._http.aclose()
        await self._sandbox.close()


@pytest.fixture
async def providers(url: str) -> AsyncIterator[Providers]:
    sandbox = await start(
        SandboxSettings(
            port=0,
            coingecko_coins=COINS,
            coinpaprika_coins=400,
            coingecko_plan="unlimited",
            coinpaprika_plan="unlimited",
            frozen_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        )
    )
    opened = Providers(sandbox, url)
    yield opened
    await opened.close()


async def test_both_providers_are_ingested_whole_and_again_without_change(
    providers: Providers, url: str, connection: Connection
) -> None:
    for name in ("coingecko", "coinpaprika"):
        first = await providers.ingest(name)
        assert (first.status, first.counts.rejected) == ("success", 0), first
        assert first.simulated
    before = await digest(connection)
    for name in ("coingecko", "coinpaprika"):
        assert (await providers.ingest(name)).counts.new == 0
        source = providers.source(name)
        done = await reprocess(url, source, tell=lambda done, of: None)
        await source.close()
        assert (done.versions, done.retractions, done.coins, done.resolved) == (0, 0, 0, 0)
    assert await digest(connection) == before


async def test_a_run_that_was_stopped_goes_on_from_the_last_committed_page(
    providers: Providers, connection: Connection
) -> None:
    stopped = await providers.ingest(fail_after=600)
    assert (stopped.status, stopped.counts.seen) == ("failed", 500)
    before = await providers.asked("/coins/markets")
    assert (await providers.ingest()).status == "success"
    assert await providers.asked("/coins/markets") - before == 2
    assert len(await latest(connection, "coingecko")) == COINS


async def test_a_page_that_fails_for_good_is_a_hole_that_the_next_sweep_fills(
    providers: Providers, connection: Connection
) -> None:
    await providers.fault("coingecko:/coins/markets?page=2 status=404")
    assert (await providers.ingest()).status == "failed"
    assert len(await latest(connection, "coingecko")) == COINS - 250
    await providers.fault()
    step = await providers.ingest()
    assert (step.status, step.counts.new) == ("success", 250)
    assert len(await latest(connection, "coingecko")) == COINS


async def test_coins_that_a_shifted_page_shows_twice_are_duplicates_and_not_quotes_twice(
    providers: Providers, connection: Connection
) -> None:
    await providers.fault("coingecko:/coins/markets?page=3 duplicate=7")
    step = await providers.ingest()
    assert step.status == "success"
    assert step.duplicates == 7
    assert await value(connection, "SELECT count(*) FROM quotes") == COINS
    assert await value(connection, "SELECT unchanged FROM loads WHERE request ->> 'position' = '3'") == 7


async def test_a_broken_record_is_rejected_alone_and_its_page_comes_in(
    providers: Providers, connection: Connection
) -> None:
    await providers.fault(*(f"coingecko:/coins/markets?page={n} bad-record={how}"
                            for n, how in enumerate(("nan", "huge", "missing-id", "not-object"), 1)))  # fmt: skip
    step = await providers.ingest()
    assert (step.status, step.counts.rejected) == ("success", 4)
    assert len(await latest(connection, "coingecko")) == COINS - 4
    kept = await list_rejections(connection, source="coingecko", include_resolved=False, limit=10)
    assert all(one.record and one.detail for one in kept)
    assert len(kept) == 4


class _Understanding(coingecko.CoinGecko):
    """A parser that knows the field by its new name."""

    parser = "coingecko/next"

    def parse(self, request: Request, payload: Payload) -> Parsed:
        renamed = payload.body.replace(b'"price_now":', b'"current_price":')
        return super().parse(request, msgspec.structs.replace(payload, body=renamed))


async def test_pages_without_a_required_field_are_kept_and_read_once_a_parser_knows_it(
    providers: Providers, url: str, connection: Connection
) -> None:
    await providers.fault("coingecko:/coins/markets drift=rename:current_price:price_now")
    step = await providers.ingest()
    assert step.status == "failed"
    assert "current_price" in (step.error or "")
    assert await latest(connection, "coingecko") == {}
    assert await rows(connection, "SELECT kind, found FROM drift_events WHERE required") == [("renamed", "price_now")]
    refused = await value(connection, "SELECT count(*) FROM loads WHERE refusal LIKE '%%current_price%%'")
    understanding = _Understanding(providers.client("coingecko"), max_coins=COINS)
    done = await reprocess(url, understanding, tell=lambda done, of: None)
    await understanding.close()
    assert done.versions == 250 * refused
    assert len(await latest(connection, "coingecko")) == 250 * refused
