"""What drifts keeps its records, what is broken is alone rejected, and no digit is lost on either way."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.coin import Coin
from kasparro.market.drift import Drift, DriftKind
from kasparro.market.quote import MAX_ORDINAL, Quote
from kasparro.market.rejection import Reason
from kasparro.sources.contract import Parsed, Payload, RefusedPayload
from tests.sources.payloads import (
    ABSENT,
    CONTRACT,
    LISTED,
    MARKET,
    NOW,
    PAPRIKA_COIN,
    TICKER,
    USD,
    array,
    gecko,
    market,
    parse,
    record,
    request_of,
    ticker,
)  # fmt: skip

STANDARDS = {"markets": MARKET, "list": LISTED, "tickers": TICKER | USD, "coins": PAPRIKA_COIN, "contracts": CONTRACT}
REQUIRED = {
    "markets": ["id", "symbol", "name", "current_price", "last_updated"],
    "list": ["id"],
    "tickers": ["id", "symbol", "name", "price", "last_updated"],
    "coins": ["id"],
    "contracts": ["id", "address"],
}
MAY_LACK = [("list", "platforms"), ("tickers", "first_data_at"), ("contracts", "type"), ("contracts", "active")]
STREAMS = sorted(STANDARDS)
OPTIONAL = [(stream, field) for stream in STREAMS for field in STANDARDS[stream] if field not in REQUIRED[stream]]
NEEDED = [(stream, field) for stream in STREAMS for field in REQUIRED[stream]]
TYPES = {"string": '"text"', "number": "7", "array": "[1]", "object": '{"a":1}', "boolean": "true"}
NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,76})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
EXACT = {
    "markets": {
        "current_price": "price_usd", "market_cap": "market_cap_usd", "total_volume": "volume_24h_usd",
        "price_change_percentage_24h": "change_24h_percent", "circulating_supply": "circulating_supply",
        "total_supply": "total_supply", "max_supply": "max_supply",
    },
    "tickers": {
        "price": "price_usd", "market_cap": "market_cap_usd", "volume_24h": "volume_24h_usd",
        "percent_change_24h": "change_24h_percent", "circulating_supply": "circulating_supply",
        "total_supply": "total_supply", "max_supply": "max_supply",
    },
}  # fmt: skip
"""Per stream: the provider's field -> the quote's."""


_SOURCE = gecko()


def one(stream: str, **changes: str) -> str:
    """A record of this stream."""
    return ticker(**changes) if stream == "tickers" else record(STANDARDS[stream], **changes)


def dotted(stream: str, field: str) -> str:
    """The field as drift events name it."""
    return f"quotes.USD.{field}" if stream == "tickers" and field in USD else field


def kind_of_text(text: str) -> str:
    for start, kind in (('"', "string"), ("{", "object"), ("t", "boolean"), ("f", "boolean"), ("n", "object")):
        if text.startswith(start):
            return kind
    return "number"


def made(parsed: Parsed) -> list[Quote | Coin]:
    return [*parsed.quotes, *parsed.coins]


def values(parsed: Parsed) -> list[dict[str, Any]]:
    """What was made, without its place in the payload."""
    return [msgspec.structs.asdict(thing) | {"ordinal": 0} for thing in made(parsed)]


def renamed(body: str, field: str, new: str) -> str:
    return body.replace(f'"{field}":', f'"{new}":')


@pytest.mark.parametrize("stream", ["markets", "tickers"])
@given(data=st.data())
def test_every_digit_of_every_number_survives(stream: str, data: st.DataObject) -> None:
    texts = data.draw(st.fixed_dictionaries(dict.fromkeys(EXACT[stream], NUMBER)))
    outer = {name: text for name, text in texts.items() if name not in USD or stream == "markets"}
    inner = {name: text for name, text in texts.items() if name not in outer}
    (quote,) = parse(stream, [one(stream, **outer, **inner)]).quotes
    for field, text in texts.items():
        found = getattr(quote, EXACT[stream][field])
        unknown = Decimal(text) == 0 and ("supply" in field or field == "market_cap")
        assert found is None if unknown else Decimal(found) == Decimal(text), field
        assert not isinstance(found, float)


@pytest.mark.parametrize(("stream", "field"), [(stream, field) for stream in EXACT for field in EXACT[stream]])
@pytest.mark.parametrize(
    "text", ["2.993e-05", "1.0e+15", "1e-18", "9.9e13", "1e76", "1" + "0" * 76, "0.1234567890123456789012", "1E2", "5"]
)
def test_numbers_as_they_really_come(stream: str, field: str, text: str) -> None:
    (quote,) = parse(stream, [one(stream, **{field: text})]).quotes
    assert Decimal(getattr(quote, EXACT[stream][field])) == Decimal(text)


@pytest.mark.parametrize("stream", STREAMS)
@given(st.integers(1, 12))
def test_the_fast_way_and_the_careful_way_agree(stream: str, count: int) -> None:
    records = [one(stream, id=f'"coin-{number}"') for number in range(count)]
    fast, careful = parse(stream, records), parse(stream, [*records, "null"])
    assert made(fast) == made(careful)
    assert [thing.ordinal for thing in made(fast)] == list(range(count))
    assert (fast.rejections, fast.drift) == ((), ())
    assert ([rejection.ordinal for rejection in careful.rejections], list(careful.drift)) == ([count], [])


@pytest.mark.parametrize("stream", STREAMS)
def test_an_empty_list_has_no_records_and_no_drift(stream: str) -> None:
    assert (made(parse(stream, [])), parse(stream, []).rejections, parse(stream, []).drift) == ([], (), ())


@pytest.mark.parametrize(("stream", "field"), OPTIONAL)
def test_a_dropped_optional_field_is_told_and_costs_no_record(stream: str, field: str) -> None:
    parsed = parse(stream, [one(stream, **{field: ABSENT})] * 3)
    assert [thing.ordinal for thing in made(parsed)] == [0, 1, 2]
    expected = [] if (stream, field) in MAY_LACK else [Drift(dotted(stream, field), DriftKind.MISSING)]
    assert list(parsed.drift) == expected


@pytest.mark.parametrize(("stream", "field"), [place for place in OPTIONAL if place not in MAY_LACK])
def test_a_renamed_optional_field_is_told_and_costs_no_record(stream: str, field: str) -> None:
    parsed = parse(stream, [renamed(one(stream), field, f"{field}_v2")] * 3)
    assert len(made(parsed)) == 3
    (change,) = parsed.drift
    assert (change.kind, change.field, change.found) == (
        DriftKind.RENAMED,
        dotted(stream, field),
        f"{dotted(stream, field)}_v2",
    )


@pytest.mark.parametrize(
    ("stream", "field", "kind"),
    [(*place, kind) for place in OPTIONAL for kind in TYPES if kind != kind_of_text(STANDARDS[place[0]][place[1]])],
)
def test_a_retyped_optional_field_is_told_and_costs_no_record(stream: str, field: str, kind: str) -> None:
    parsed = parse(stream, [one(stream, **{field: TYPES[kind]})] * 3)
    assert len(made(parsed)) == 3
    assert list(parsed.drift) == [Drift(dotted(stream, field), DriftKind.TYPE, kind)]


@pytest.mark.parametrize("stream", STREAMS)
@given(name=st.text(min_size=1, max_size=30).filter(lambda name: "." not in name), kind=st.sampled_from(sorted(TYPES)))
def test_a_new_field_is_told_and_costs_no_record(stream: str, name: str, kind: str) -> None:
    try:
        key = json.dumps(name, ensure_ascii=False).encode().decode()
    except UnicodeEncodeError:
        return
    if name in STANDARDS[stream] or name == "quotes":
        return
    records = [f"{one(stream)[:-1]},{key}:{TYPES[kind]}}}"] * 3
    parsed = parse(stream, array(*records))
    assert values(parsed) == values(parse(stream, [one(stream)] * 3))
    (change,) = parsed.drift
    assert (change.kind, change.found) == (DriftKind.NEW, kind)
    assert change.field == name.replace("\x00", "\\x00")


def test_the_ledger_can_hold_the_name_of_any_new_field() -> None:
    for key in ('"a\\u0000b"', f'"{"long" * 5_000}"'):
        (change,) = parse("markets", [f"{market()[:-1]},{key}:1}}"]).drift
        assert len(change.field) <= 100
        assert "\x00" not in change.field


@pytest.mark.parametrize(("stream", "field"), NEEDED)
@pytest.mark.parametrize("new", ["{}_usd", "{}_v2", "coin_{}"])
def test_a_renamed_required_field_refuses_the_payload_and_names_the_likely_new_name(
    stream: str, field: str, new: str
) -> None:
    renamed_to = new.format(field)
    shown = dotted(stream, field).removesuffix(field) + renamed_to
    with pytest.raises(RefusedPayload) as caught:
        parse(stream, array(*[renamed(one(stream), field, renamed_to)] * 3))
    (change,) = caught.value.drift
    assert (change.kind, change.field, change.found, change.required) == (
        DriftKind.RENAMED,
        dotted(stream, field),
        shown,
        True,
    )
    assert f"likely renamed to {shown!r}" in caught.value.message
    assert "reprocess" in caught.value.remedy


@pytest.mark.parametrize(("stream", "field"), NEEDED)
def test_a_dropped_or_retyped_required_field_refuses_the_payload(stream: str, field: str) -> None:
    for text in (ABSENT, "[1]"):
        with pytest.raises(RefusedPayload, match=f"{dotted(stream, field)}' (is missing|holds array)"):
            parse(stream, [one(stream, **{field: text})] * 3)


BROKEN = {
    "null": ("null", Reason.NOT_A_RECORD),
    "a list": ("[]", Reason.NOT_A_RECORD),
    "a text": ('"bitcoin"', Reason.NOT_A_RECORD),
    "a lone surrogate": ('{"id":"\\ud800"}', Reason.NOT_A_RECORD),
    "the literal NaN": ('{"id":NaN}', Reason.NOT_A_RECORD),
    "a number beyond all numbers": ('{"id":1e99999999999999999999}', Reason.NOT_A_RECORD),
    "a line break inside a text": ('{"id":"a\nb"}', Reason.NOT_A_RECORD),
    "nothing in it": ("{}", Reason.MISSING_FIELD),
}
"""What can be wrong with any record: its text, and the reason it is rejected for."""

FAULTS: dict[str, list[tuple[dict[str, str], Reason]]] = {
    "markets": [
        ({"id": ABSENT}, Reason.MISSING_FIELD),
        ({"last_updated": ABSENT}, Reason.MISSING_FIELD),
        ({"id": "7"}, Reason.WRONG_TYPE),
        ({"symbol": "null"}, Reason.WRONG_TYPE),
        ({"id": '""'}, Reason.BAD_TEXT),
        ({"symbol": '""'}, Reason.BAD_TEXT),
        ({"name": '"nul \\u0000"'}, Reason.BAD_TEXT),
        ({"id": f'"{"x" * 501}"'}, Reason.BAD_TEXT),
        ({"current_price": '"NaN"'}, Reason.BAD_NUMBER),
        ({"current_price": '"n/a"'}, Reason.BAD_NUMBER),
        ({"current_price": "1e999999"}, Reason.BAD_NUMBER),
        ({"current_price": "0." + "1" * 17_000}, Reason.BAD_NUMBER),
        ({"market_cap": "true"}, Reason.BAD_NUMBER),
        ({"total_supply": "{}"}, Reason.BAD_NUMBER),
        ({"market_cap_rank": "99999999999"}, Reason.BAD_NUMBER),
        ({"market_cap_rank": "-1"}, Reason.BAD_NUMBER),
        ({"market_cap_rank": "1.5"}, Reason.BAD_NUMBER),
        ({"last_updated": '"yesterday"'}, Reason.BAD_TIME),
        ({"last_updated": '"2026-06-15T11:58:31"'}, Reason.BAD_TIME),
        ({"last_updated": '"0001-01-01T00:00:00+02:00"'}, Reason.BAD_TIME),
    ],
    "tickers": [
        ({"id": ABSENT}, Reason.MISSING_FIELD),
        ({"price": ABSENT}, Reason.MISSING_FIELD),
        ({"quotes": "{}"}, Reason.MISSING_FIELD),
        ({"quotes": "null"}, Reason.MISSING_FIELD),
        ({"quotes": '{"EUR":{"price":1}}'}, Reason.MISSING_FIELD),
        ({"name": '""'}, Reason.BAD_TEXT),
        ({"price": '"NaN"'}, Reason.BAD_NUMBER),
        ({"price": "1e999999"}, Reason.BAD_NUMBER),
        ({"volume_24h": "[]"}, Reason.BAD_NUMBER),
        ({"rank": "1.5"}, Reason.BAD_NUMBER),
        ({"rank": "4294967296"}, Reason.BAD_NUMBER),
        ({"last_updated": '""'}, Reason.BAD_TIME),
        ({"last_updated": '"2026-06-15 11:58"'}, Reason.BAD_TIME),
    ],
    "list": [
        ({"id": '""'}, Reason.BAD_TEXT),
        ({"id": "null"}, Reason.WRONG_TYPE),
        ({"platforms": '{"ethereum":5}'}, Reason.WRONG_TYPE),
        ({"name": '"\\u0000"'}, Reason.BAD_TEXT),
    ],
    "coins": [({"id": ABSENT}, Reason.MISSING_FIELD), ({"is_active": '"yes"'}, Reason.WRONG_TYPE)],
    "contracts": [
        ({"address": ABSENT}, Reason.MISSING_FIELD),
        ({"address": '""'}, Reason.BAD_TEXT),
        ({"id": '""'}, Reason.BAD_TEXT),
    ],
}  # fmt: skip


def assert_only_this_is_rejected(stream: str, records: Sequence[str], at: int, reason: Reason) -> None:
    parsed = parse(stream, array(*records))
    (rejection,) = parsed.rejections
    assert (rejection.ordinal, rejection.reason, rejection.record) == (at, reason, records[at])
    assert rejection.detail
    assert [thing.ordinal for thing in made(parsed)] == [place for place in range(len(records)) if place != at]
    without = [text for place, text in enumerate(records) if place != at]
    assert values(parsed) == values(parse(stream, without))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("broken", sorted(BROKEN))
@settings(max_examples=10)
@given(count=st.integers(1, 8), data=st.data())
def test_one_broken_record_is_rejected_with_its_text_and_all_others_are_kept(
    stream: str, broken: str, count: int, data: st.DataObject
) -> None:
    text, reason = BROKEN[broken]
    records = [one(stream, id=f'"coin-{number}"') for number in range(count)]
    at = data.draw(st.integers(0, count))
    assert_only_this_is_rejected(stream, [*records[:at], text, *records[at:]], at, reason)


@pytest.mark.parametrize(
    ("stream", "changes", "reason"), [(stream, *fault) for stream in FAULTS for fault in FAULTS[stream]]
)
def test_one_unfit_record_is_rejected_with_its_text_and_all_others_are_kept(
    stream: str, changes: dict[str, str], reason: Reason
) -> None:
    assert_only_this_is_rejected(stream, [one(stream), one(stream, **changes), one(stream)], 1, reason)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_record_that_is_no_utf8_is_rejected_with_its_bytes_shown(stream: str) -> None:
    body = array(one(stream), '{"id":"?"}', one(stream)).replace(b'"?"', b'"caf\xe9"')
    parsed = parse(stream, body)
    (rejection,) = parsed.rejections
    assert (rejection.ordinal, rejection.reason) == (1, Reason.NOT_A_RECORD)
    assert rejection.record == '{"id":"caf\\xe9"}'
    assert [thing.ordinal for thing in made(parsed)] == [0, 2]


@given(st.lists(st.sampled_from(["good", *sorted(BROKEN)]), max_size=20))
def test_every_record_ends_in_exactly_one_place(kinds: list[str]) -> None:
    records = [market() if kind == "good" else BROKEN[kind][0] for kind in [*kinds, "good"]]
    parsed = parse("markets", array(*records))
    good = [place for place, kind in enumerate([*kinds, "good"]) if kind == "good"]
    assert [quote.ordinal for quote in parsed.quotes] == good
    assert [rejection.ordinal for rejection in parsed.rejections] == [
        place for place in range(len(records)) if place not in good
    ]


@given(st.lists(st.sampled_from([market(), *(text for text, _ in BROKEN.values())]), min_size=1, max_size=12))
def test_each_record_is_cut_out_as_it_was_sent(records: list[str]) -> None:
    source = _SOURCE
    request, payload = request_of(source, "markets"), Payload((" [ " + " ,\n".join(records) + "]").encode(), NOW)
    assert [source.excerpt(request, payload, ordinal) for ordinal in range(len(records))] == records


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b'"[]"', b"[", b"[{]", b"[1 2]", b"<html></html>", b"\xff", b"[" * 100_000, b"\xef\xbb\xbf[]",
     b"[null][null]", b"[null] and so on", b'{"error":"x"}'],
)  # fmt: skip
@pytest.mark.parametrize("stream", STREAMS)
def test_what_is_no_list_of_records_is_refused(stream: str, body: bytes) -> None:
    with pytest.raises(RefusedPayload, match="not an array of records"):
        parse(stream, body)


def test_more_records_than_a_payload_may_have_are_refused() -> None:
    with pytest.raises(RefusedPayload, match=str(MAX_ORDINAL)):
        parse("list", b"[" + b"0," * MAX_ORDINAL + b"0]")


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode) | st.just(array(market())[:-30]))
def test_garbage_is_refused_or_read_and_nothing_else_happens(body: bytes) -> None:
    for stream in STREAMS:
        try:
            parse(stream, body)
        except RefusedPayload as refusal:
            assert refusal.message


def test_null_prices_do_not_make_a_type() -> None:
    parsed = parse("markets", [market(current_price="null"), market()])
    assert [quote.price_usd for quote in parsed.quotes] == [None, Decimal("107729.97")]
    assert parsed.drift == ()


def test_a_field_that_only_some_records_have_has_not_vanished() -> None:
    parsed = parse("markets", [market(), market(roi=ABSENT), market(max_supply=ABSENT)])
    assert [quote.ordinal for quote in parsed.quotes] == [0, 1, 2]
    assert parsed.drift == []


def test_the_largest_number_in_a_field_that_is_not_kept_costs_nothing() -> None:
    assert len(parse("markets", [market(ath="1e999999")]).quotes) == 1
