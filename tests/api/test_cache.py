"""The cache of answers is bounded in bytes, whatever is asked."""

import sys

from kasparro.api.cache import AnswerCache, Entry, Stamp
from kasparro.api.encoding import accepts_gzip
from kasparro.api.exports import accepted_format
from kasparro.api.preferences import Remembered, weights

LIMIT = 1_000_000
NOW = Stamp(1, 1, 1)


def entry(body: bytes = b"{", link: str = "") -> Entry:
    return Entry(NOW, "/data", 200, body, [("link", link)])


def taken(cache: AnswerCache) -> int:
    """The bytes of all texts that it holds."""
    bodies = sum(
        len(one.body.head) + sum(len(a) + len(b) for a, b in one.fixed.pairs) for one, _ in cache._entries.values()
    )
    texts = sum(map(sys.getsizeof, cache._entries))
    return bodies + texts + sum(sum(map(sys.getsizeof, (*target, asked))) for target, asked in cache._questions.items())


def test_targets_questions_and_headers_count() -> None:
    cache = AnswerCache(LIMIT)
    for n in range(3_000):
        query = f"q={n:04}" + "x" * 1_500
        cache.put(("/data", query), f"/data?{query}", entry(link="y" * 1_500))
        assert taken(cache) <= cache.size <= LIMIT
    assert cache.get(f"/data?{query}", NOW) is not None


def test_many_ways_to_ask_the_same_count_too() -> None:
    cache = AnswerCache(LIMIT)
    for n in range(20_000):
        cache.put(("/data", f"{n:05}" + "&" * 500), "/data?", entry())
        assert cache.size <= LIMIT
    assert taken(cache) <= LIMIT and cache.question(("/data", f"{n:05}" + "&" * 500)) == "/data?"
    assert cache.question(("/data", "00000" + "&" * 500)) is None


def test_what_is_put_again_counts_once() -> None:
    cache = AnswerCache(LIMIT)
    cache.put(("/data", ""), "/data?", entry())
    size = cache.size
    for _ in range(100):
        cache.put(("/data", ""), "/data?", entry())
    assert cache.size == size


def test_long_headers_are_read_and_not_kept() -> None:
    for known in (accepts_gzip, accepted_format):
        remembered = getattr(known, "__self__", None)
        assert isinstance(remembered, Remembered)
        before = len(remembered)
        for n in range(50):
            known(f"x{n}, gzip" + " " * 10_000)
        assert len(remembered) == before
        for n in range(2_000):
            known(f"x{n}")
        assert len(remembered) <= 256
    assert accepts_gzip("gzip" + " " * 10_000)


def test_weights_are_those_of_the_rfc() -> None:
    assert weights("Text/CSV;header=present;q=0.5, b; q=0,c;q=1.000, d;q=2, e;q=x") == {
        "text/csv": 0.5, "b": 0.0, "c": 1.0, "d": 1.0, "e": 1.0,
    }  # fmt: skip
