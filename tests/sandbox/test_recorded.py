"""Recorded payloads are recognised by content and go out as the bytes they came in."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import msgspec
import pytest

from kasparro.sandbox import RecordingError, SandboxSettings, start
from kasparro.sandbox.recorded import Kind, load

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
RECORDED = Path(__file__).parent / "recorded"


def texts(response: httpx2.Response) -> list[bytes]:
    assert response.status_code == 200, response.text
    return [bytes(raw) for raw in msgspec.json.decode(response.content, type=list[msgspec.Raw])]


def test_recordings_are_recognised_by_content() -> None:
    library = load(RECORDED)
    kinds = {recording.file: recording.kind for recording in library.recordings}
    assert kinds == {
        "coingecko_markets_2026-05-01.json": Kind.MARKETS,
        "coingecko_markets_2025-01-01.json": Kind.MARKETS,
        "coingecko_list.json": Kind.COIN_LIST,
        "coingecko_list_platforms.json": Kind.PLATFORM_LIST,
        "coingecko_market_chart_bitcoin.json": Kind.MARKET_CHART,
        "coinpaprika_coins.json": Kind.COINS,
        "coinpaprika_tickers_2026-05-01.json": Kind.TICKERS,
        "coinpaprika_ticker_lonely_2024-01-01.json": Kind.TICKER,
    }
    assert library.unknown == ("unknown.json",)


async def test_what_was_recognised_is_said_at_the_start() -> None:
    running = await start(SandboxSettings(port=0, recorded=RECORDED))
    await running.close()
    assert "coingecko_markets_2026-05-01.json: coingecko /coins/markets, 3 records, served" in running.notes
    old = "coingecko_markets_2025-01-01.json: coingecko /coins/markets, 1 records, not served, a newer one is"
    assert old in running.notes
    assert "unknown.json: not recognised" in running.notes


async def test_records_go_out_as_they_came_page_by_page(visit: Visit) -> None:
    client = await visit(recorded=RECORDED)
    source = (RECORDED / "coingecko_markets_2026-05-01.json").read_bytes()
    sent = []
    for page in (1, 2, 3):
        params: dict[str, str | int | float | bool | None] = {"vs_currency": "usd", "per_page": 2, "page": page}
        response = await client.get("/api/v3/coins/markets", params=params)
        assert response.headers["x-kasparro-sandbox"] == "recorded"
        assert response.headers["total"] == "3"
        sent.append(texts(response))
    assert [len(page) for page in sent] == [2, 1, 0]
    for record in sent[0] + sent[1]:
        assert record in source
    assert b"2.9930e-05" in sent[0][1]
    assert b"0.12345678901234567890" in sent[1][0]


async def test_recorded_pages_can_be_ordered_and_chosen(visit: Visit) -> None:
    client = await visit(recorded=RECORDED)

    async def ids(**more: str) -> list[str]:
        response = await client.get("/api/v3/coins/markets", params={"vs_currency": "usd"} | more)
        return [record["id"] for record in response.json()]

    assert await ids(order="id_asc") == ["amber", "bitcoin", "zilch"]
    assert await ids(order="id_desc") == ["zilch", "bitcoin", "amber"]
    assert await ids(order="market_cap_asc") == ["amber", "zilch", "bitcoin"]
    assert await ids(ids="zilch,nobody") == ["zilch"]
    assert (await client.get("/api/v3/coins/markets")).status_code == 422


async def test_lists_charts_and_tickers(visit: Visit) -> None:
    client = await visit(recorded=RECORDED)
    for path, file in (
        ("/api/v3/coins/list", "coingecko_list.json"),
        ("/api/v3/coins/list?include_platform=true", "coingecko_list_platforms.json"),
        ("/v1/coins", "coinpaprika_coins.json"),
        ("/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=1", "coingecko_market_chart_bitcoin.json"),
        ("/v1/tickers/lone-lonely", "coinpaprika_ticker_lonely_2024-01-01.json"),
    ):
        response = await client.get(path)
        assert response.content == (RECORDED / file).read_bytes().strip()
        assert response.headers["x-kasparro-sandbox"] == "recorded"
    tickers = texts(await client.get("/v1/tickers"))
    assert len(tickers) == 2
    assert b"1.230e-7" in tickers[1]
    assert texts(await client.get("/v1/tickers?limit=1")) == tickers[:1]
    assert (await client.get("/v1/tickers/amb-amber")).content == tickers[1]


async def test_what_was_not_recorded_is_a_404(visit: Visit) -> None:
    client = await visit(recorded=RECORDED)
    for path in (
        "/api/v3/asset_platforms",
        "/api/v3/coins/amber/market_chart?vs_currency=usd",
        "/v1/contracts/eth-ethereum",
        "/v1/tickers/nobody",
    ):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/v3/ping")).status_code == 200
    assert (await client.get("/v1/contracts")).json() == []
    assert "usd" in (await client.get("/api/v3/simple/supported_vs_currencies")).json()


async def test_single_tickers_stand_in_for_a_list(visit: Visit, tmp_path: Path) -> None:
    name = "coinpaprika_ticker_lonely_2024-01-01.json"
    (tmp_path / name).write_bytes((RECORDED / name).read_bytes())
    client = await visit(recorded=tmp_path)
    assert [ticker["id"] for ticker in (await client.get("/v1/tickers")).json()] == ["lone-lonely"]
    for path in ("/v1/coins", "/api/v3/coins/list", "/api/v3/coins/markets?vs_currency=usd"):
        assert (await client.get(path)).status_code == 404


async def test_faults_and_plans_work_on_recordings_too(visit: Visit) -> None:
    client = await visit(recorded=RECORDED, coingecko_plan="pro")
    assert (await client.get("/api/v3/coins/list")).status_code == 401
    await client.post("/_sandbox/faults", content="coinpaprika:/tickers drift=drop:rank")
    assert all("rank" not in ticker for ticker in (await client.get("/v1/tickers")).json())


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"[1]", b'[{"a":1}]', b'{"data":[],"more":[]}', b"\xff"])
def test_a_directory_without_recordings_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "odd.json").write_bytes(content)
    with pytest.raises(RecordingError, match="recognises"):
        load(tmp_path)
    with pytest.raises(RecordingError, match="no directory"):
        load(tmp_path / "nowhere")
