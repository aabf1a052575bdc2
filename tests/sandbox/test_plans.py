"""Keys, limits and quotas, and what is said to those who have reached them."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from kasparro.sandbox.clock import Clock
from kasparro.sandbox.plans import Allowance, Meter

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
SMALL = {"coingecko_coins": 10, "coinpaprika_coins": 10}
PING = "/api/v3/ping"


class Stopwatch:
    """A monotonic clock that a test turns by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_meter_lets_through_so_many_in_any_span() -> None:
    watch = Stopwatch()
    meter = Meter(Clock(), watch)
    allowance = Allowance(calls=2, seconds=10)
    assert meter.wait(allowance) == 0
    watch.seconds = 6
    assert meter.wait(allowance) == 0
    watch.seconds = 8
    assert meter.wait(allowance) > 0
    watch.seconds = 18.5
    assert meter.wait(allowance) == 0


@pytest.mark.parametrize(
    ("plan", "headers", "calls"),
    [
        ("keyless", {}, 10),
        ("demo", {}, 10),
        ("demo", {"x-cg-demo-api-key": "mine"}, 30),
        ("pro", {"x-cg-pro-api-key": "mine"}, 500),
    ],
)
async def test_coingecko_calls_a_minute(visit: Visit, plan: str, headers: dict[str, str], calls: int) -> None:
    watch = Stopwatch()
    client = await visit(coingecko_plan=plan, monotonic=watch, **SMALL)
    statuses = [(await client.get(PING, headers=headers)).status_code for _ in range(calls)]
    assert statuses == [200] * calls
    refused = await client.get(PING, headers=headers)
    assert refused.status_code == 429
    assert refused.json()["status"]["error_code"] == 429
    assert refused.headers["retry-after"] == "60"
    watch.seconds = 61
    assert (await client.get(PING, headers=headers)).status_code == 200


@pytest.mark.parametrize("plan", ["free", "paid"])
async def test_coinpaprika_calls_a_second(visit: Visit, plan: str) -> None:
    watch = Stopwatch()
    client = await visit(coinpaprika_plan=plan, monotonic=watch, **SMALL)
    headers = {"Authorization": "mine"}
    for _ in range(10):
        assert (await client.get("/v1/contracts", headers=headers)).status_code == 200
    refused = await client.get("/v1/contracts", headers=headers)
    assert refused.status_code == 429
    assert refused.json() == {"error": "you have reached maximum request limit"}
    assert "retry-after" not in refused.headers
    watch.seconds = 1.5
    assert (await client.get("/v1/contracts", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("plan", "headers", "status", "code"),
    [
        ("pro", {}, 401, 10002),
        ("demo", {"x-cg-demo-api-key": "invalid"}, 401, 10002),
        ("unlimited", {"x-cg-pro-api-key": "invalid"}, 401, 10002),
        ("demo", {"x-cg-pro-api-key": "mine"}, 400, 10010),
        ("keyless", {"x-cg-pro-api-key": "mine"}, 400, 10010),
        ("pro", {"x-cg-demo-api-key": "mine"}, 400, 10011),
    ],
)
async def test_coingecko_keys(visit: Visit, plan: str, headers: dict[str, str], status: int, code: int) -> None:
    client = await visit(coingecko_plan=plan, **SMALL)
    response = await client.get(PING, headers=headers)
    assert response.status_code == status
    assert response.json()["status"]["error_code"] == code


async def test_coingecko_keys_may_come_in_the_query(visit: Visit) -> None:
    client = await visit(coingecko_plan="pro", **SMALL)
    assert (await client.get(PING, params={"x_cg_pro_api_key": "mine"})).status_code == 200


@pytest.mark.parametrize(
    ("plan", "headers", "status"),
    [
        ("free", {}, 200),
        ("free", {"Authorization": "invalid"}, 403),
        ("paid", {}, 403),
        ("paid", {"Authorization": "mine"}, 200),
    ],
)
async def test_coinpaprika_keys(visit: Visit, plan: str, headers: dict[str, str], status: int) -> None:
    client = await visit(coinpaprika_plan=plan, **SMALL)
    assert (await client.get("/v1/contracts", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("plan", "prefix", "path", "left", "status"),
    [("demo", "/api/v3", "/ping", 10_000, 429), ("free", "/v1", "/contracts", 20_000, 402)],
)
async def test_a_spent_month(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, plan: str, prefix: str, path: str, left: int, status: int
) -> None:
    monkeypatch.setattr(Meter, "spent", lambda _: left)
    client = await visit(**{"coingecko_plan" if plan == "demo" else "coinpaprika_plan": plan}, **SMALL)
    response = await client.get(prefix + path, headers={"x-cg-demo-api-key": "mine"})
    assert response.status_code == status


async def test_a_months_quota_is_spent_by_answers_and_comes_back_next_month(visit: Visit) -> None:
    client = await visit(coingecko_plan="pro", **SMALL)
    headers = {"x-cg-pro-api-key": "mine"}
    await client.get(PING, headers=headers)
    await client.get("/api/v3/coins/markets", headers=headers)
    key = (await client.get("/api/v3/key", headers=headers)).json()
    assert key["plan"] == "Analyst"
    assert key["rate_limit_request_per_minute"] == 500
    assert key["current_total_monthly_calls"] == 1
    assert key["current_remaining_monthly_calls"] == key["monthly_call_credit"] - 1
    await client.post("/_sandbox/clock", json={"at": "2026-07-01T00:00:00Z"})
    key = (await client.get("/api/v3/key", headers=headers)).json()
    assert key["current_total_monthly_calls"] == 0


async def test_key_endpoints_are_for_payers(visit: Visit) -> None:
    client = await visit(coingecko_plan="demo", coinpaprika_plan="free", **SMALL)
    refused = await client.get("/api/v3/key")
    assert (refused.status_code, refused.json()["status"]["error_code"]) == (401, 10005)
    assert (await client.get("/v1/key/info")).status_code == 402
    paying = await visit(coinpaprika_plan="paid", **SMALL)
    info = (await paying.get("/v1/key/info", headers={"Authorization": "mine"})).json()
    assert info["usage"]["current_month"] == {"requests_made": 0, "requests_left": 1_000_000}
