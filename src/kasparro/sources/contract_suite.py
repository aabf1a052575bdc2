"""The shipped source contract suite: what every source has to keep, as tests that a new source inherits.

Three lines in a test file are enough::

    class TestCoinGeckoMarkets(SourceContract):
        source = CoinGecko(client, max_coins=1000)
        stream, body = "markets", Path("recorded/coingecko_markets.json").read_bytes()

`body` is one recorded payload of clean records; any test runner that collects `Test` classes does the rest.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from kasparro.market.quote import MAX_ORDINAL
from kasparro.sources.contract import Cursor, Parsed, Payload, RefusedPayload, Request, Source, Stream

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LONG = timedelta(days=30)
"""After this much time every list is due again."""

GARBAGE = (
    b"",
    b" ",
    b"\xff\xfe\x00",
    b"<!DOCTYPE html><html><body>Sorry, you have been blocked</body></html>",
    b"null",
    b'"text"',
    b"42",
    b"{}",
    b'{"error":"id not found"}',
    b'{"status":{"error_code":429,"error_message":"slow down"}}',
    b"[",
    b"[{]",
    b"[" * 100_000,
    b"[]<html>",
)
BROKEN = (
    b"null",
    b"1",
    b'"text"',
    b"[]",
    b"{}",
    b"[1e999999999999999999999]",
    b'{"id":NaN}',
    b'{"id":"\\ud800"}',
    b'{"id":"\xff"}',
    b'{"id":"a\x00b"}',
)
"""What stands where a record should be; a parser keeps all others and rejects it."""


class SourceContract:
    """Inherit, and set `source`, `stream` and `body`; see the module.

    `request` is the one that `body` answers: by default the first that the source plans for `stream`. For a
    payload that isn't a JSON array, override `split` and `join`; `garbage` are bodies that are no data,
    `broken` texts that are no records.
    """

    source: ClassVar[Source]
    stream: ClassVar[str]
    body: ClassVar[bytes]
    request: ClassVar[Request | None] = None
    garbage: ClassVar[Sequence[bytes]] = GARBAGE
    broken: ClassVar[Sequence[bytes]] = BROKEN

    def split(self, body: bytes) -> list[bytes]:
        """The records of a payload, byte for byte."""
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]

    def join(self, records: Sequence[bytes]) -> bytes:
        """The payload of these records."""
        return b"[" + b",".join(records) + b"]"

    def test_clean_records_are_all_read(self) -> None:
        parsed = self._parse(self.body)
        count = len(self.split(self.body))
        assert count >= 3, "record a payload of at least three records"
        assert len(parsed.quotes) + len(parsed.coins) == count, f"rejected: {list(parsed.rejections)[:3]}"
        assert not parsed.drift, f"the recorded payload has drifted: {[str(change) for change in parsed.drift]}"

    def test_parsing_is_pure(self) -> None:
        once = self._parse(self.body)
        again = self.source.parse(self._request(), Payload(bytes(bytearray(self.body)), NOW + LONG, {"age": "9"}))
        assert once == again, "the same bytes have given two answers"

    def test_every_record_has_its_place(self) -> None:
        for body in (self.body, self._with(self.broken[0], 1)):
            parsed = self._parse(body)
            ordinals = [ordinal for _, ordinal in self._listings(parsed)]
            ordinals = sorted([*ordinals, *(rejection.ordinal for rejection in parsed.rejections)])
            expected = list(range(len(self.split(body))))
            assert ordinals == expected, "each record is in exactly one of quotes, coins and rejections"
            assert not ordinals or ordinals[-1] < MAX_ORDINAL

    def test_quotes_are_dated_in_utc(self) -> None:
        for quote in self._parse(self.body).quotes:
            assert quote.observed_at.utcoffset() == timedelta(0), f"{quote.source_coin_id}: {quote.observed_at!r}"

    def test_one_broken_record_takes_no_other_with_it(self) -> None:
        clean = self._parse(self.body)
        for broken in self.broken:
            for at in (0, len(self.split(self.body)) // 2, len(self.split(self.body))):
                parsed = self._parse(self._with(broken, at))
                assert [rejection.ordinal for rejection in parsed.rejections] == [at], broken
                assert parsed.rejections[0].detail, f"nothing says what is wrong with {broken!r}"
                assert _values(parsed) == _values(clean), f"{broken!r} changes the records around it"

    def test_what_is_no_data_is_refused(self) -> None:
        whole = self.body.strip()
        cut = [whole[: len(whole) * part // 10] for part in range(1, 10)]
        for body in (*self.garbage, *cut, whole[:-1], whole + whole):
            try:
                parsed = self._parse(body)
            except RefusedPayload as refusal:
                assert refusal.message, "a refusal says why"
            else:
                raise AssertionError(f"{body[:80]!r} has been taken for data: {parsed}")

    def test_every_record_can_be_cut_out_again(self) -> None:
        records = self.split(self.body)
        for ordinal, record in enumerate(records):
            assert self._excerpt(self.body, ordinal) == record.decode(), f"record {ordinal} is cut out wrongly"
        for broken in self.broken:
            around = (self._excerpt(self._with(broken, 1), ordinal) for ordinal in (0, 2))
            assert [text.encode() for text in around] == records[:2], f"{broken!r} moves the records around it"
        for coin, ordinal in self._listings(self._parse(self.body)):
            assert coin in self._excerpt(self.body, ordinal), f"{coin} isn't in its own record"

    def test_planning_is_deterministic_and_keeps_nothing_in_mind(self) -> None:
        assert self.source.plan({}, NOW) == self.source.plan({}, NOW)
        for planned in self.source.plan({}, NOW):
            positions = [request.position for request in planned.requests]
            assert positions == sorted(set(positions)), "positions order the requests of a stream"
            for request in planned.requests:
                assert request.stream == planned.name
                assert _through_json(msgspec.to_builtins(request)) == msgspec.to_builtins(request)

    def test_cursors_survive_json(self) -> None:
        for cursor in self._cursors(self._planned()):
            assert _through_json(cursor) == cursor, "the ledger keeps cursors as JSON"

    def test_the_same_cursor_plans_the_same(self) -> None:
        for cursor in self._cursors(self._planned()):
            plans = [self.source.plan({self.stream: _through_json(cursor)}, NOW) for _ in range(2)]
            assert plans[0] == plans[1]

    def test_advancing_leaves_the_old_cursor_alone(self) -> None:
        before = self._planned().cursor
        as_it_was = _through_json(before)
        self._cursors(self._planned(), before)
        assert before == as_it_was, "cursors are values: advance makes a new one"

    def test_an_unfinished_sweep_is_gone_on_with(self) -> None:
        planned = self._planned()
        for cursor in self._cursors(planned)[:-1]:
            assert self._planned({self.stream: cursor}).requests, "what isn't complete is due at once"

    def test_a_complete_sweep_is_followed_by_a_fresh_one(self) -> None:
        planned = self._planned()
        complete = self._cursors(planned)[-1]
        fresh = self._planned({self.stream: complete}, NOW + LONG)
        assert fresh.requests == planned.requests, "a new sweep begins at the beginning"
        assert fresh.cursor != complete, "a new sweep has a cursor of its own"

    def _planned(self, checkpoints: dict[str, Cursor] | None = None, now: datetime = NOW) -> Stream:
        for planned in self.source.plan(checkpoints or {}, now):
            if planned.name == self.stream:
                return planned
        raise AssertionError(f"the stream {self.stream!r} isn't planned")

    def _cursors(self, planned: Stream, start: Cursor | None = None) -> list[Cursor]:
        """The cursors of a whole sweep, the first before its first payload, the last complete."""
        cursors = [planned.cursor if start is None else start]
        for request in planned.requests:
            last = request is planned.requests[-1]
            payload = Payload(self.body, NOW, last=last)
            cursors.append(self.source.advance(cursors[-1], request, payload, complete=last))
        return cursors

    def _request(self) -> Request:
        return self.request or self._planned().requests[0]

    def _parse(self, body: bytes) -> Parsed:
        return self.source.parse(self._request(), Payload(body, NOW))

    def _excerpt(self, body: bytes, ordinal: int) -> str:
        return self.source.excerpt(self._request(), Payload(body, NOW), ordinal)

    def _listings(self, parsed: Parsed) -> list[tuple[str, int]]:
        quotes = [(quote.source_coin_id, quote.ordinal) for quote in parsed.quotes]
        return quotes + [(coin.source_coin_id, coin.ordinal) for coin in parsed.coins]

    def _with(self, record: bytes, at: int) -> bytes:
        records = self.split(self.body)
        return self.join([*records[:at], record, *records[at:]])


def _values(parsed: Parsed) -> list[object]:
    """What the records became, without their places."""
    made: list[msgspec.Struct] = [*parsed.quotes, *parsed.coins]
    return [msgspec.structs.replace(one, ordinal=0) for one in made]


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))
