"""The polite client against servers that behave badly in every known way."""

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import msgspec
import pytest
import structlog

from kasparro.errors import Skippable
from kasparro.sandbox.server import RunningSandbox
from kasparro.sources.client import MAX_PAYLOAD, PoliteClient
from kasparro.sources.contract import Request
from kasparro.sources.errors import RequestSkipped, SourceStopped, SourceUnreachable
from tests.sources.payloads import SWIFT
from tests.sources.serving import Scripted, answer

Say = Callable[..., Awaitable[Scripted]]
Client = Callable[..., PoliteClient]
Sandbox = Callable[..., Awaitable[RunningSandbox]]

MARKETS = Request("markets", "/coins/markets", params={"vs_currency": "usd", "per_page": "5"})
TICKERS = Request("tickers", "/tickers", params={"quotes": "USD"})
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LIMITED = b'{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit."}}'
KEY = "CG-5ecretKeyOfMine"


async def test_an_answer_is_kept_byte_for_byte_with_what_is_worth_keeping_about_it(say: Say, client: Client) -> None:
    body = b'[ {"id":"bitcoin", "current_price":1.10e-05} ]\n'
    server = await say(answer(body, age="37", etag='W/"1"', set_cookie="session=1", content_type="application/json"))
    payload = await client(server.url).fetch(MARKETS)
    assert payload.body == body
    assert payload.about == {"age": "37", "etag": 'W/"1"', "content-type": "application/json"}
    assert payload.fetched_at.utcoffset() == timedelta(0)
    assert not payload.simulated
    assert server.heads[0].startswith("GET /coins/markets?vs_currency=usd&per_page=5 HTTP/1.1")


async def test_a_packed_answer_is_kept_unpacked(say: Say, client: Client) -> None:
    server = await say(answer(gzip.compress(b'[{"id":"bitcoin"}]'), content_encoding="gzip"))
    assert (await client(server.url).fetch(MARKETS)).body == b'[{"id":"bitcoin"}]'


async def test_the_sandbox_is_recognised(sandbox: Sandbox, client: Client) -> None:
    payload = await client((await sandbox()).coingecko_url).fetch(MARKETS)
    assert payload.simulated
    assert len(json.loads(payload.body)) == 5


@pytest.mark.parametrize(
    "fault",
    ["status=500", "status=503", "status=408", "status=429", "status=429 retry_after=0", "html", "html status=502",
     "truncated", "reset", "empty", "wrong-json=broken", "wrong-json=number", "error200", "error200 code=500"],
)  # fmt: skip
async def test_what_passes_is_tried_again(sandbox: Sandbox, client: Client, fault: str) -> None:
    polite = client((await sandbox(f"coingecko:/coins/markets {fault} times=2")).coingecko_url)
    assert len(json.loads((await polite.fetch(MARKETS)).body)) == 5
    assert (polite.tally.requests, polite.tally.retries) == (3, 2)


@pytest.mark.parametrize("fault", ["status=500", "html", "truncated", "reset", "empty"])
async def test_what_never_passes_is_skipped_after_all_attempts(sandbox: Sandbox, client: Client, fault: str) -> None:
    polite = client((await sandbox(f"coingecko:/coins/markets {fault}")).coingecko_url)
    with pytest.raises(RequestSkipped, match=r"/coins/markets: .*3 attempts"):
        await polite.fetch(MARKETS)
    assert polite.tally.requests == 3


@pytest.mark.parametrize(
    ("fault", "error", "why"),
    [
        ("status=404", RequestSkipped, "coin not found"),
        ("status=422", RequestSkipped, "Missing parameter"),
        ("status=401", SourceStopped, "API key"),
        ("status=401 code=10005", RequestSkipped, "plan"),
        ("status=401 code=10012", RequestSkipped, "365 days"),
        ("status=400 code=10010", SourceStopped, "another plan's host"),
        ("status=403", SourceStopped, "firewall"),
        ("html status=403", SourceStopped, "firewall"),
        ("error200 code=10012", RequestSkipped, "365 days"),
        ("error200 code=10002", SourceStopped, "API key"),
    ],
)
async def test_what_will_not_pass_is_asked_once(
    sandbox: Sandbox, client: Client, fault: str, error: type[Exception], why: str
) -> None:
    polite = client((await sandbox(f"coingecko:/coins/markets {fault}")).coingecko_url)
    with pytest.raises(error, match=why):
        await polite.fetch(MARKETS)
    assert (polite.tally.requests, polite.tally.retries) == (1, 0)


async def test_a_used_up_plan_of_coinpaprika_stops_the_source_with_a_remedy(sandbox: Sandbox, client: Client) -> None:
    server = await sandbox("coinpaprika:/tickers status=403")
    with pytest.raises(SourceStopped) as caught:
        await client(server.coinpaprika_url).fetch(TICKERS)
    assert "API key" in caught.value.remedy


async def waits(polite: PoliteClient) -> list[float]:
    """The waits that the client announces while it fetches."""
    with structlog.testing.capture_logs() as logs:
        await polite.fetch(MARKETS)
    return [entry["wait_seconds"] for entry in logs if entry["event"] == "retrying"]


async def test_a_hint_in_seconds_is_obeyed(say: Say, client: Client) -> None:
    server = await say(answer(LIMITED, 429, retry_after="1"), answer())
    assert await waits(client(server.url)) == [1.0]


async def test_a_hint_is_obeyed_under_503_too(say: Say, client: Client) -> None:
    server = await say(answer(b"", 503, retry_after="1"), answer())
    assert await waits(client(server.url)) == [1.0]


@pytest.mark.parametrize("said", [answer(LIMITED, 429), answer(LIMITED, 429, retry_after="0"), answer(LIMITED, 200)])
async def test_too_many_requests_without_a_hint_wait_as_long_as_the_plan_says(
    say: Say, client: Client, said: bytes
) -> None:
    plan = msgspec.structs.replace(SWIFT, wait_after_429=0.3)
    assert await waits(client((await say(said, answer())).url, plan)) == [0.3]


async def test_a_wait_beyond_the_time_budget_stops_the_source_at_once(say: Say, client: Client) -> None:
    server = await say(answer(LIMITED, 429, retry_after="119"))
    with pytest.raises(SourceStopped, match="119 s goes beyond this run's time") as caught:
        await client(server.url, time_budget=30).fetch(MARKETS)
    assert "next run" in caught.value.remedy
    assert len(server.heads) == 1


async def test_a_hint_as_a_date_is_understood(say: Say, client: Client) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server = await say(answer(LIMITED, 429, retry_after=then))
    with pytest.raises(SourceStopped, match=r"wait of 3\d\d\d s"):
        await client(server.url).fetch(MARKETS)


async def test_a_pause_holds_back_requests_that_start_in_it(say: Say, client: Client) -> None:
    server = await say(answer(LIMITED, 429, retry_after="119"))
    polite = client(server.url)
    for _ in range(3):
        with pytest.raises(SourceStopped):
            await polite.fetch(MARKETS)
    assert len(server.heads) == 1


async def test_a_pause_holds_back_requests_that_wait_for_the_rate(say: Say, client: Client) -> None:
    server = await say(answer(LIMITED, 429, retry_after="119"))
    polite = client(server.url, msgspec.structs.replace(SWIFT, requests=1, period=0.25))
    stopped: list[SourceStopped] = []

    async def fetch() -> None:
        try:
            await polite.fetch(MARKETS)
        except SourceStopped as error:
            stopped.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(fetch)
    assert len(stopped) == 3
    assert len(server.heads) == 1


async def test_a_pause_is_waited_out_and_then_all_go_on(say: Say, client: Client) -> None:
    server = await say(answer(LIMITED, 429), answer())
    polite = client(server.url, msgspec.structs.replace(SWIFT, wait_after_429=0.05))
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(polite.fetch, MARKETS)
    assert len(server.heads) == 5


async def test_the_rate_is_never_exceeded(say: Say, client: Client) -> None:
    sent: list[float] = []

    async def spend(source: str, limit: int | None) -> bool:
        sent.append(time.monotonic())
        return True

    server = await say(answer())
    for plan, cap in (
        (msgspec.structs.replace(SWIFT, requests=4, period=0.2), (1_000, 1)),
        (SWIFT, (4, 0.2)),
    ):
        sent.clear()
        polite = client(server.url, plan, cap=cap, spend=spend)
        async with anyio.create_task_group() as tasks:
            for _ in range(11):
                tasks.start_soon(polite.fetch, MARKETS)
        assert len(sent) == 11
        # Half of the span: a call is noted a moment after it got its leave.
        assert all(sum(at <= other < at + 0.1 for other in sent) <= 4 for at in sent)


async def test_no_more_requests_are_under_way_than_the_plan_allows(say: Say, client: Client) -> None:
    server = await say(answer())
    server.held.clear()
    polite = client(server.url, msgspec.structs.replace(SWIFT, concurrency=2))
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(polite.fetch, MARKETS)
        for _ in range(5_000):  # turns of the loop: many more than a third request needs to arrive
            await anyio.lowlevel.checkpoint()
        under_way = len(server.heads)
        server.held.set()
    assert under_way == 2
    assert len(server.heads) == 6


async def test_every_call_is_counted_before_it_is_sent(say: Say, client: Client) -> None:
    server = await say(answer(b"", 500), answer(b"", 500), answer())
    seen: list[tuple[str, int | None, int]] = []

    async def spend(source: str, limit: int | None) -> bool:
        seen.append((source, limit, len(server.heads)))
        return True

    await client(server.url, msgspec.structs.replace(SWIFT, month_quota=10_000), spend=spend).fetch(MARKETS)
    assert seen == [("coingecko", 10_000, 0), ("coingecko", 10_000, 1), ("coingecko", 10_000, 2)]


async def test_a_used_up_month_sends_nothing(say: Say, client: Client) -> None:
    async def refuse(source: str, limit: int | None) -> bool:
        return False

    server = await say(answer())
    polite = client(server.url, msgspec.structs.replace(SWIFT, month_quota=7), spend=refuse)
    with pytest.raises(SourceStopped, match="the month's 7 calls to coingecko are used up") as caught:
        await polite.fetch(MARKETS)
    assert "next month" in caught.value.remedy
    assert (server.heads, polite.tally.requests) == ([], 0)


async def test_a_used_up_time_budget_still_lets_one_request_through(say: Say, client: Client) -> None:
    server = await say(answer())
    polite = client(server.url, time_budget=-1)
    await polite.fetch(MARKETS)
    with pytest.raises(SourceStopped, match="time is used up"):
        await polite.fetch(MARKETS)
    assert len(server.heads) == 1


async def test_a_dead_host_is_named_however_small_the_time_budget(client: Client) -> None:
    polite = client("http://127.0.0.1:9/v1", time_budget=-1)
    with pytest.raises(SourceUnreachable, match="can't be reached"):
        await polite.fetch(MARKETS)


async def test_a_host_where_nobody_listens_is_given_up(client: Client) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(SourceUnreachable, match="can't be reached") as caught:
            await client(url).fetch(MARKETS)
    assert url in caught.value.message
    assert caught.value.remedy


async def test_the_key_is_sent_in_the_plans_header_and_kept_nowhere(sandbox: Sandbox, client: Client, say: Say) -> None:
    plan = msgspec.structs.replace(SWIFT, key_header="x-cg-pro-api-key")
    running = await sandbox("coingecko:/coins/markets status=500 times=1", coingecko_plan="pro")
    with structlog.testing.capture_logs() as logs:
        payload = await client(running.coingecko_url, plan, key=KEY).fetch(MARKETS)
        with pytest.raises(SourceStopped) as caught:
            await client(running.coingecko_url, plan, key="invalid").fetch(MARKETS)
    assert any(entry["event"] == "retrying" for entry in logs)
    assert KEY not in repr((payload, MARKETS, logs, caught.value))
    server = await say(answer())
    await client(server.url, plan, key=KEY).fetch(MARKETS)
    assert f"x-cg-pro-api-key: {KEY}" in server.heads[0].splitlines()
    assert KEY not in server.heads[0].splitlines()[0]


async def test_without_a_key_or_without_a_header_for_it_none_is_sent(say: Say, client: Client) -> None:
    server = await say(answer())
    await client(server.url, msgspec.structs.replace(SWIFT, key_header="authorization")).fetch(MARKETS)
    await client(server.url, SWIFT, key=KEY).fetch(MARKETS)
    assert all("authorization" not in head and KEY not in head for head in server.heads)


async def test_a_moved_resource_is_not_followed(say: Say, client: Client) -> None:
    server = await say(answer(b"", 301, location="http://127.0.0.1:1/elsewhere"))
    with pytest.raises(RequestSkipped, match="moved"):
        await client(server.url).fetch(MARKETS)


async def test_a_huge_payload_is_refused_also_when_it_comes_packed(say: Say, client: Client) -> None:
    packed = gzip.compress(b" " * (MAX_PAYLOAD + 1), compresslevel=1)
    server = await say(answer(packed, content_encoding="gzip"))
    with pytest.raises(Skippable, match="more than 100 MB"):
        await client(server.url).fetch(MARKETS)
    assert len(server.heads) == 1


async def test_a_packed_answer_that_can_not_be_unpacked_is_tried_again(say: Say, client: Client) -> None:
    server = await say(answer(b"no gzip", content_encoding="gzip"), answer(b"[1]"))
    assert (await client(server.url).fetch(MARKETS)).body == b"[1]"


async def test_waits_between_attempts_stay_below_the_cap(say: Say, client: Client) -> None:
    plan = msgspec.structs.replace(SWIFT, backoff_base=1_000.0, backoff_cap=0.05, attempts=7)
    server = await say(*[answer(b"", 500)] * 6, answer())
    announced = await waits(client(server.url, plan))
    assert len(announced) == 6
    assert max(announced) <= 0.1


@pytest.mark.parametrize("fault", ["error200", "status=429"])
async def test_a_rate_limit_is_waited_for_as_long_as_the_time_lasts(
    sandbox: Sandbox, client: Client, fault: str
) -> None:
    polite = client((await sandbox(f"coingecko:/coins/markets {fault}")).coingecko_url, time_budget=0.5)
    with pytest.raises(SourceStopped, match="time"):
        await polite.fetch(MARKETS)
    assert polite.tally.requests > SWIFT.attempts


async def test_a_shorter_hint_does_not_end_a_longer_pause(say: Say, client: Client) -> None:
    server = await say(
        answer(LIMITED, 429, retry_after="60"), answer(LIMITED, 429, retry_after="1"), answer(b"[]"), answer(b"[]")
    )
    polite = client(server.url, time_budget=30)
    async with anyio.create_task_group() as group:
        for path in ("/a", "/b"):
            group.start_soon(_refused, polite, path)
    assert len(server.heads) == 2


async def _refused(polite: PoliteClient, path: str) -> None:
    with pytest.raises(SourceStopped):
        await polite.fetch(Request("markets", path))


async def test_a_host_that_takes_the_call_and_never_says_a_word_is_unreachable(client: Client) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    mute = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    plan = msgspec.structs.replace(SWIFT, unreachable_after=0.3)
    with pytest.raises(SourceUnreachable, match="can't be reached"):
        await client(f"http://127.0.0.1:{port}", plan).fetch(MARKETS)
    mute.close()
    await mute.wait_closed()


async def test_a_name_lookup_that_hangs_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    looked = []

    def hang(*arguments: object) -> None:
        looked.append(arguments)
        ended.wait(30)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    plan = msgspec.structs.replace(SWIFT, unreachable_after=0.3)
    with pytest.raises(SourceUnreachable):
        await client("http://provider.invalid", plan).fetch(MARKETS)
    assert len(looked) == 1
    ended.set()


async def test_a_key_that_a_provider_repeats_is_not_told(say: Say, client: Client) -> None:
    server = await say(answer(f'{{"error":"invalid key {KEY}"}}'.encode(), 401))
    plan = msgspec.structs.replace(SWIFT, key_header="x-key")
    with pytest.raises(SourceStopped) as told:
        await client(server.url, plan, key=KEY).fetch(MARKETS)
    assert KEY not in str(told.value)
    assert "invalid key" in str(told.value)
