"""The decision table: every error that the providers are known to send."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.sources.verdict import Action, Verdict, judge, read_answer

ACCEPT, RETRY, SKIP, STOP = Action.ACCEPT, Action.RETRY, Action.SKIP, Action.STOP
HTML = b"<!DOCTYPE html><html><body><p>error code: 1020</p></body></html>"


def verdict(status: int, body: object) -> Verdict:
    return judge(read_answer(status, body if isinstance(body, bytes) else json.dumps(body).encode()))


def flat(code: int, message: str = "why") -> object:
    return {"status": {"error_code": code, "error_message": message}}


def stamped(code: int, message: str = "why") -> object:
    return {"status": {"timestamp": "2026-05-17T01:39:44.892+00:00", "error_code": code, "error_message": message}}


def wrapped(code: int, message: str = "why") -> object:
    return {"error": stamped(code, message)}


@pytest.mark.parametrize("shape", [flat, stamped, wrapped])
@pytest.mark.parametrize(
    ("status", "code", "action"),
    [
        (401, 10002, STOP),
        (401, 10005, SKIP),
        (400, 10010, STOP),
        (400, 10011, STOP),
        (401, 10012, SKIP),
        (403, 1020, STOP),
        (403, 403, STOP),
        (408, 408, RETRY),
        (429, 429, RETRY),
        (500, 500, RETRY),
        (503, 503, RETRY),
        (400, 400, SKIP),
        (404, 404, SKIP),
        (422, 422, SKIP),
    ],
)
def test_codes_of_coingecko_in_each_shape_under_their_status_and_under_200(
    shape: object, status: int, code: int, action: Action
) -> None:
    assert callable(shape)
    for under in (status, 200):
        judged = verdict(under, shape(code, "what happened"))
        assert judged.action is action, under
        assert "what happened" in judged.reason


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "coin not found"), (400, "invalid vs_currency"), (422, "Missing parameter vs_currency")],
)
def test_plain_errors_of_coingecko_skip_the_request(status: int, message: str) -> None:
    for under in (status, 200):
        judged = verdict(under, {"error": message})
        assert judged.action is SKIP
        assert message in judged.reason


@pytest.mark.parametrize(
    ("status", "message", "action"),
    [
        (400, "bad parameter", SKIP),
        (402, "payment required", STOP),
        (403, "invalid key", STOP),
        (404, "id not found", SKIP),
        (429, "you have reached maximum request limit", RETRY),
        (500, "internal server error", RETRY),
    ],
)
def test_errors_of_coinpaprika(status: int, message: str, action: Action) -> None:
    assert verdict(status, {"error": message}).action is action


@pytest.mark.parametrize("status", [400, 402])
def test_what_coinpaprikas_plan_lacks_is_skipped_by_its_text_whatever_the_status(status: int) -> None:
    message = "Getting historical OHLCV data before 2026-09-17 is not allowed in this plan. Check plans"
    assert verdict(status, {"error": message}).action is SKIP


@pytest.mark.parametrize(
    ("status", "action"),
    [(200, RETRY), (403, STOP), (404, SKIP), (429, RETRY), (500, RETRY), (502, RETRY), (520, RETRY), (524, RETRY)],
)
def test_a_web_page_instead_of_json_is_judged_by_its_status(status: int, action: Action) -> None:
    assert verdict(status, HTML).action is action


@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_resource_that_moved_is_skipped(status: int) -> None:
    assert verdict(status, b"").action is SKIP


@pytest.mark.parametrize("body", [b"", b"  ", b'[{"id":"bitcoin"', b'{"id":', b"\xff\xfe", b"{" * 50_000, b'[{"id":1}'])
def test_incomplete_json_under_200_is_asked_for_again(body: bytes) -> None:
    assert verdict(200, body).action is RETRY


@pytest.mark.parametrize(
    "body", [b"[]", b' [{"id":"a"}]\n', b'[{"error":"a coin of this name"}]', b'{"gecko_says":"hi"}']
)
def test_data_is_accepted(body: bytes) -> None:
    assert verdict(200, body) == Verdict(ACCEPT)


def test_too_many_requests_are_known_as_such_under_any_status() -> None:
    assert verdict(429, b"").rate_limited
    assert verdict(200, flat(429)).rate_limited
    assert not verdict(503, b"").rate_limited


@pytest.mark.parametrize("code", [10002, 10010, 10011, 1020])
def test_what_stops_a_source_comes_with_a_remedy(code: int) -> None:
    assert verdict(400, flat(code)).remedy


@pytest.mark.parametrize("body", [flat(403), flat(1020), HTML])
def test_the_providers_firewall_is_not_taken_for_a_wrong_key(body: object) -> None:
    judged = verdict(403, body)
    assert "firewall" in judged.reason
    assert "key" not in judged.remedy


def test_a_long_message_is_cut() -> None:
    assert len(verdict(500, {"error": "x" * 100_000}).reason) < 500


@pytest.mark.parametrize(
    "body",
    [
        {"error": 5},
        {"error": []},
        {"error": {"status": "bad"}},
        flat(0),
        {"status": {"error_code": "429"}},
    ],
)
def test_odd_error_objects_are_never_data(body: object) -> None:
    assert verdict(200, body).action is not ACCEPT


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_has_a_verdict_and_only_200_is_accepted(status: int, body: bytes) -> None:
    assert status == 200 or verdict(status, body).action is not ACCEPT


def test_coinpaprikas_rate_limit_text_under_200_is_waited_out() -> None:
    body = b'{"error":"you have reached maximum request limit"}'
    assert judge(read_answer(200, body)).action is Action.RETRY
