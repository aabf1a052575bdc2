"""Random histories: pages of a few coins and moments, from several sources and datasets, in any order."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.ingest.scripted import Read, Record, body, read_plainly, record

DATASETS = ("", "other.csv")
_MOMENTS = ("2026-03-01T00:00:00+00:00", "2026-03-01T00:00:01+00:00", "2025-12-31T23:59:59+00:00",
            "2026-02-28T12:00:00.000001+00:00")  # fmt: skip
_PRICES = ("1", "1.0", "2", "0", "1E-18", "1e76", "0.1234567890123456789012345678901234567890", None)


class HistoryPage(NamedTuple):
    """One page: which source it is of, which dataset, and what it says."""

    source: int
    dataset: str
    records: list[Record]

    @property
    def body(self) -> bytes:
        return body(*self.records)


def _records() -> st.SearchStrategy[Record]:
    good = st.builds(record, st.sampled_from("abc"), st.sampled_from(_PRICES), st.sampled_from(_MOMENTS))
    bad = st.builds(
        record,
        st.sampled_from("abc"),
        st.sampled_from(("3", "4")),
        st.sampled_from(_MOMENTS),
        bad=st.sampled_from(("not a number", "no time")),
    )
    return st.one_of(good, good, good, good, bad)


def histories(*, sources: int = 1) -> st.SearchStrategy[list[HistoryPage]]:
    """One to eight pages of none to six records, of so many sources."""
    page = st.builds(
        HistoryPage,
        st.integers(0, sources - 1),
        st.sampled_from(DATASETS),
        st.lists(_records(), max_size=6),
    )
    return st.lists(page, min_size=1, max_size=8)


def _doubles_a(sent: Record) -> Record:
    if sent["id"] != "a" or sent["price"] is None:
        return sent
    return sent | {"price": sent["price"].replace("1", "2")}


def _drops_b(sent: Record) -> Record | None:
    return None if sent["id"] == "b" else sent


def takes_all(sent: Record) -> Record:
    """A parser that finds nothing to reject."""
    return {key: value for key, value in sent.items() if key != "bad"}


def _renames_c(sent: Record) -> Record:
    return sent | {"id": "c-new"} if sent["id"] == "c" else sent


def _takes_c_for_a(sent: Record) -> Record:
    return sent | {"id": "a"} if sent["id"] == "c" else sent


def _rejects_zeros(sent: Record) -> Record:
    return sent | {"bad": "zero"} if sent["price"] == "0" else sent


def _refuses_nulls(sent: Record) -> Record:
    return sent | {"refuse": True} if sent["price"] is None else sent


def _reads_another_time(sent: Record) -> Record:
    return sent | {"at": _MOMENTS[0]} if sent["at"] == _MOMENTS[1] else sent


PARSERS: tuple[Read, ...] = (
    read_plainly, _doubles_a, _drops_b, takes_all, _renames_c, _takes_c_for_a, _rejects_zeros, _refuses_nulls,
    _reads_another_time,
)  # fmt: skip
"""Ways in which a new parser may read what was kept; the first changes nothing."""


def refused(read: Read, page: HistoryPage) -> bool:
    """Whether the parser refuses the page as a whole."""
    taken = [read(sent) for sent in page.records]
    return any(one is not None and "refuse" in one for one in taken)
