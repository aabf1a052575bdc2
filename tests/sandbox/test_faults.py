"""Every kind of fault does what it says, to the requests it names, as often as it says."""

import json
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from kasparro.errors import ExitCode
from kasparro.sandbox import Fault, FaultSyntaxError, parse_fault
from kasparro.sandbox.faults import FaultKind

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
PAGE = "/api/v3/coins/markets?vs_currency=usd&per_page=50&page={}"
SMALL = {"coingecko_coins": 120, "coinpaprika_coins": 120}


async def faulty(visit: Visit, *lines: str) -> httpx2.AsyncClient:
    return await visit(faults=tuple(parse_fault(line) for line in lines), **SMALL)


def ids(response: httpx2.Response) -> list[Any]:
    return [record["id"] for record in response.json()]


def test_a_fault_as_text() -> None:
    fault = parse_fault("coingecko:/coins/markets?page=3 status=429 retry_after=2 times=1")
    assert fault == Fault(
        "coingecko", "/coins/markets", FaultKind.STATUS, "429", (("page", "3"),), retry_after=2, times=1
    )


@pytest.mark.parametrize(
    "line",
    [
        "coingecko:/coins/markets?page=3 status=429 retry_after=2 times=1",
        "coinpaprika:/tickers html status=403 after=2",
        "*:* reset",
        "coingecko:/coins/*/ohlc slow=0.5",
        "coingecko:/coins/markets drift=rename:current_price:price_usd",
        "coingecko:/coins/markets shift=-2",
        "coingecko:/coins/markets bad-record=huge",
        "coingecko:/ping status=401 code=10005",
    ],
)
def test_a_fault_can_be_written_as_it_was_read(line: str) -> None:
    assert str(parse_fault(line)) == line
    assert parse_fault(str(parse_fault(line))) == parse_fault(line)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "isn't a provider"),
        ("coingecko /coins status=500", "isn't a provider"),
        ("binance:/coins status=500", "isn't a provider"),
        ("coingecko:coins status=500", "isn't a provider"),
        ("coingecko:/coins", "exactly one kind"),
        ("coingecko:/coins reset truncated", "exactly one kind"),
        ("coingecko:/coins explode", "'explode'"),
        ("coingecko:/coins status=9000", "'9000'"),
        ("coingecko:/coins status", "nothing"),
        ("coingecko:/coins slow=fast", "'fast'"),
        ("coingecko:/coins drift=bend:price", "'bend:price'"),
        ("coingecko:/coins reset=now", "'now'"),
        ("coingecko:/coins reset times=0", "'0'"),
        ("coingecko:/coins reset after=x", "'x'"),
        ("coingecko:/coins html status=20", "'20'"),
    ],
)
def test_a_fault_written_wrong_is_named(line: str, named: str) -> None:
    with pytest.raises(FaultSyntaxError, match=re.escape(named)) as caught:
        parse_fault(line)
    assert caught.value.remedy
    assert caught.value.exit_code is ExitCode.USAGE


async def test_a_fault_strikes_only_what_it_names_and_only_so_often(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:/coins/markets?page=2 status=429 retry_after=119 after=1 times=2")
    statuses = [(await client.get(PAGE.format(2))).status_code for _ in range(5)]
    assert statuses == [200, 429, 429, 200, 200]
    assert (await client.get(PAGE.format(1))).status_code == 200
    assert (await client.get("/v1/tickers")).status_code == 200


@pytest.mark.parametrize(
    ("line", "status", "body"),
    [
        ("coingecko:* status=429", 429, {"status": {"error_code": 429}}),
        ("coingecko:* status=500", 500, {"status": {"error_code": 500}}),
        ("coingecko:* status=503", 503, {"status": {"error_code": 503}}),
        ("coingecko:* status=401", 401, {"status": {"error_code": 10002}}),
        ("coingecko:* status=401 code=10005", 401, {"status": {"error_code": 10005}}),
        ("coingecko:* status=401 code=10012", 401, {"error": {"status": {"error_code": 10012}}}),
        ("coingecko:* status=403", 403, {"status": {"error_code": 403}}),
        ("coingecko:* status=404", 404, {"error": "coin not found"}),
        ("coingecko:* error200", 200, {"status": {"error_code": 429}}),
        ("coingecko:* error200 code=10012", 200, {"error": {"status": {"error_code": 10012}}}),
        ("coingecko:* wrong-json", 200, {"unexpected": True}),
        ("coingecko:* wrong-json=number", 200, 42),
        ("coingecko:* empty=list", 200, []),
    ],
)
async def test_answers_of_coingecko_gone_wrong(visit: Visit, line: str, status: int, body: object) -> None:
    client = await faulty(visit, line)
    response = await client.get(PAGE.format(1))
    assert response.status_code == status
    assert without_words(response.json()) == body


def without_words(body: Any) -> Any:
    """The error body without its message and time stamp."""
    if not isinstance(body, dict):
        return body
    dropped = ("error_message", "timestamp")
    return {name: without_words(value) for name, value in body.items() if name not in dropped}


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("coinpaprika:* status=402", 402, "this endpoint is not allowed in this plan"),
        ("coinpaprika:* status=429", 429, "you have reached maximum request limit"),
        ("coinpaprika:* status=500", 500, "internal server error"),
        ("coinpaprika:* error200", 200, "you have reached maximum request limit"),
    ],
)
async def test_answers_of_coinpaprika_gone_wrong(visit: Visit, line: str, status: int, message: str) -> None:
    client = await faulty(visit, line)
    response = await client.get("/v1/tickers")
    assert response.status_code == status
    assert response.json()["error"].startswith(message)


async def test_retry_after_is_sent_as_given(visit: Visit) -> None:
    client = await faulty(visit, "*:* status=429 retry_after=119")
    assert (await client.get(PAGE.format(1))).headers["retry-after"] == "119"
    assert (await client.get("/v1/tickers")).headers["retry-after"] == "119"


async def test_html_instead_of_json(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:/ping html", "coingecko:/coins/list html status=403")
    for path, status in (("/ping", 200), ("/coins/list", 403)):
        response = await client.get(f"/api/v3{path}")
        assert response.status_code == status
        assert response.headers["content-type"].startswith("text/html")
        assert response.text.startswith("<!DOCTYPE html>")


async def test_bodies_that_are_no_json(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:/ping empty", "coingecko:/coins/list wrong-json=broken")
    assert (await client.get("/api/v3/ping")).content == b""
    with pytest.raises(json.JSONDecodeError):
        (await client.get("/api/v3/coins/list")).json()


async def test_a_truncated_body_is_shorter_than_its_length(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:/coins/markets truncated times=1")
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get(PAGE.format(1))
    assert len((await client.get(PAGE.format(1))).json()) == 50


async def test_a_reset_connection(visit: Visit) -> None:
    client = await faulty(visit, "coinpaprika:/tickers reset times=1")
    with pytest.raises(httpx2.ReadError):
        await client.get("/v1/tickers")
    assert (await client.get("/v1/tickers")).status_code == 200
    counts = (await client.get("/_sandbox/requests")).json()["requests"]
    assert [row["status"] for row in counts] == [0, 200]


async def test_a_slow_answer_outlasts_an_impatient_client(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:/ping slow=3600")
    with pytest.raises(httpx2.ReadTimeout):
        await client.get("/api/v3/ping", timeout=httpx2.Timeout(30, read=0.2))
    assert len((await client.get(PAGE.format(1))).json()) == 50


async def test_duplicates_repeat_the_end_of_the_page_before(visit: Visit) -> None:
    plain = await visit(**SMALL)
    client = await faulty(visit, "coingecko:/coins/markets duplicate=2", "coinpaprika:/tickers duplicate")
    first, second = [ids(await plain.get(PAGE.format(page))) for page in (1, 2)]
    assert ids(await client.get(PAGE.format(1))) == first[:2] + first
    assert ids(await client.get(PAGE.format(2))) == first[-2:] + second
    tickers = ids(await client.get("/v1/tickers"))
    assert tickers[0] == tickers[1]
    assert len(tickers) == 121


async def test_a_shift_shows_some_coins_twice_or_never(visit: Visit) -> None:
    plain = await visit(**SMALL)
    first, second, third = [ids(await plain.get(PAGE.format(page))) for page in (1, 2, 3)]
    down = await faulty(visit, "coingecko:/coins/markets?page=2 shift=3")
    response = await down.get(PAGE.format(2))
    assert ids(response) == first[-3:] + second[:-3]
    assert response.json()[0]["market_cap_rank"] == 51
    default = await faulty(visit, "coingecko:/coins/markets shift=-1")
    response = await default.get("/api/v3/coins/markets?vs_currency=usd")
    assert len(response.json()) == 100
    up = await faulty(visit, "coingecko:/coins/markets?page=2 shift=-3")
    response = await up.get(PAGE.format(2))
    assert ids(response) == second[3:] + third[:3]
    assert response.json()[0]["market_cap_rank"] == 51


@pytest.mark.parametrize("path", [PAGE.format(1), "/v1/tickers"])
async def test_one_bad_record_among_good_ones(visit: Visit, path: str) -> None:
    plain = (await (await visit(**SMALL)).get(path)).json()
    middle = len(plain) // 2
    for how in ("nan", "huge", "text", "missing-id", "not-object"):
        client = await faulty(visit, f"*:* bad-record={how}")
        text = (await client.get(path)).text
        records = json.loads(text, parse_float=str)
        bad = records.pop(middle)
        assert len(records) == len(plain) - 1
        assert [record["id"] for record in records] == ids_without(plain, middle)
        if how == "missing-id":
            assert "id" not in bad
        elif how == "not-object":
            assert bad is None
        else:
            price = bad["current_price"] if "current_price" in bad else bad["quotes"]["USD"]["price"]
            assert price == {"nan": "NaN", "huge": "1e999999", "text": "n/a"}[how]


@pytest.mark.parametrize("path", [PAGE.format(1), "/v1/tickers"])
async def test_one_price_apart_in_a_record_that_is_good_to_read(visit: Visit, path: str) -> None:
    plain = (await (await visit(**SMALL)).get(path)).json()
    client = await faulty(visit, "*:* bad-record=off")
    records = (await client.get(path)).json()
    changed = [place for place, pair in enumerate(zip(plain, records, strict=True)) if pair[0] != pair[1]]
    assert changed == [len(plain) // 2]
    before, after = (
        one["current_price"] if "current_price" in one else one["quotes"]["USD"]["price"]
        for one in (plain[changed[0]], records[changed[0]])
    )
    assert after == pytest.approx(before * 13 / 12, rel=1e-9)


def ids_without(records: list[dict[str, Any]], place: int) -> list[Any]:
    return [record["id"] for record in records[:place] + records[place + 1 :]]


async def test_drift_changes_the_shape_and_no_other_digit(visit: Visit) -> None:
    plain = await visit(**SMALL)
    expected = json.loads((await plain.get(PAGE.format(1))).text, parse_float=Decimal)
    client = await faulty(
        visit,
        "coingecko:/coins/markets drift=rename:current_price:price_usd",
        "coingecko:/coins/markets drift=drop:last_updated",
        "coingecko:/coins/markets drift=add:new_field",
        "coingecko:/coins/markets drift=type:market_cap:string",
        "coingecko:/coins/markets drift=type:nothing:null",
    )
    drifted = json.loads((await client.get(PAGE.format(1))).text, parse_float=Decimal)
    for before, after in zip(expected, drifted, strict=True):
        assert after.pop("price_usd") == before.pop("current_price")
        assert Decimal(after.pop("market_cap")) == before.pop("market_cap")
        assert after.pop("new_field") == "new"
        del before["last_updated"]
        assert after == before


async def test_drift_reaches_into_quotes_and_single_objects(visit: Visit) -> None:
    client = await faulty(
        visit,
        "coinpaprika:/tickers* drift=rename:quotes.USD.price:value",
        "coinpaprika:/tickers* drift=drop:nothing.here",
        "coinpaprika:/tickers/btc-bitcoin bad-record=missing-id",
    )
    for ticker in (await client.get("/v1/tickers")).json():
        assert "value" in ticker["quotes"]["USD"]
        assert "price" not in ticker["quotes"]["USD"]
    one = (await client.get("/v1/tickers/btc-bitcoin")).json()
    assert "value" in one["quotes"]["USD"]
    assert "id" not in one


async def test_record_faults_leave_errors_and_documents_alone(visit: Visit) -> None:
    client = await faulty(visit, "coingecko:* drift=drop:error", "coingecko:* duplicate")
    assert (await client.get("/api/v3/coins/nobody/ohlc")).json() == {"error": "coin not found"}
    assert (await client.get("/api/v3/ping")).json() == {"gecko_says": "(V3) To the Moon!"}
    listed = ids(await client.get("/api/v3/coins/list?page=x"))
    assert listed[0] == listed[1]


async def test_faults_come_and_go_at_run_time(visit: Visit) -> None:
    client = await visit(**SMALL)
    lines = "coingecko:/ping status=500 times=1\n\ncoinpaprika:/tickers empty\n"
    added = await client.post("/_sandbox/faults", content=lines)
    assert added.json() == {"faults": ["coingecko:/ping status=500 times=1", "coinpaprika:/tickers empty=body"]}
    assert (await client.get("/_sandbox/faults")).json() == added.json()
    assert (await client.get("/api/v3/ping")).status_code == 500
    assert (await client.get("/api/v3/ping")).status_code == 200
    assert (await client.delete("/_sandbox/faults")).json() == {"faults": []}
    assert (await client.get("/v1/tickers")).content != b""


async def test_of_several_lines_with_a_wrong_one_none_is_taken(visit: Visit) -> None:
    client = await visit(**SMALL)
    for body in (b"coingecko:/ping status=500\nnonsense", b"\xff\xfe"):
        assert (await client.post("/_sandbox/faults", content=body)).status_code == 400
    assert (await client.get("/_sandbox/faults")).json() == {"faults": []}
    assert (await client.get("/_sandbox/nothing")).status_code == 404
