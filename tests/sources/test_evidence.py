"""Answers recorded from the real providers, for those who have them: KASPARRO_EVIDENCE names their directory."""

import os
from pathlib import Path

import msgspec
import pytest

from kasparro.sources.verdict import Action, judge, read_answer
from tests.sources.payloads import parse

EVIDENCE = Path(os.environ.get("KASPARRO_EVIDENCE", ""), "recorded")
pytestmark = pytest.mark.skipif("KASPARRO_EVIDENCE" not in os.environ, reason="KASPARRO_EVIDENCE is unset")

STOPPED = {10002, 10010, 10011}
RETRIED = {408, 429, 500, 503}


def recordings(pattern: str) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(EVIDENCE.glob(pattern))]
    assert found, pattern
    return found


@pytest.mark.parametrize(
    ("pattern", "stream", "least"),
    [
        ("coingecko_markets_2025*.json", "markets", 0.99),
        ("coingecko_list_*.json", "list", 0.99),
        ("coinpaprika_coins_*.json", "coins", 0.99),
        ("coinpaprika_tickers_*.json", "tickers", 0.99),
    ],
)
def test_recorded_lists_are_read_and_every_record_has_its_place(pattern: str, stream: str, least: float) -> None:
    for body in recordings(pattern):
        count = len(msgspec.json.decode(body, type=list[msgspec.Raw]))
        parsed = parse(stream, body)
        made = len(parsed.quotes) + len(parsed.coins)
        assert made + len(parsed.rejections) == count
        assert made >= least * count, list(parsed.rejections)[:3]
        assert all(rejection.record for rejection in parsed.rejections)


def test_recorded_errors_have_their_verdict() -> None:
    files = sorted(EVIDENCE.glob("errors/*.json"))
    assert files
    for path in files:
        status = int(path.name.split("_")[1].removesuffix(".json"))
        answer = read_answer(status, path.read_bytes())
        assert answer.message, path.name
        code = answer.code or status
        expected = Action.STOP if code in STOPPED else Action.RETRY if code in RETRIED else Action.SKIP
        assert judge(answer).action is expected, path.name
