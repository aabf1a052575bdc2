"""Cells that spell moments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.sources.csv import moments, periods
from kasparro.sources.csv.moments import TimeForm

FORMS = [
    ("2024-12-31", "iso", "2024-12-31"),
    ("2024-12-31 23:59:59", "iso", "2024-12-31T23:59:59"),
    ("2024-12-31T23:59:59.123Z", "iso", "2024-12-31T23:59:59.123"),
    ("2024-12-31 01:00:00+02:00", "iso", "2024-12-30T23:00"),
    ("2013-04-28 00:00:00 UTC", "iso", "2013-04-28"),
    ("1735689599", "epoch", "2024-12-31T23:59:59"),
    ("1735689599.0", "epoch", "2024-12-31T23:59:59"),
    ("1735689599123", "epoch", "2024-12-31T23:59:59.123"),
    ("1735689599123456", "epoch", "2024-12-31T23:59:59.123456"),
    ("1735689599123456789", "epoch", "2024-12-31T23:59:59.123456"),
    ("20241231", "%Y%m%d", "2024-12-31"),
    ("2024/12/31", "%Y/%m/%d", "2024-12-31"),
    ("31.12.2024", "%d.%m.%Y", "2024-12-31"),
    ("31/12/2024 18:30", "%d/%m/%Y %H:%M", "2024-12-31T18:30"),
    ("12/31/2024", "%m/%d/%Y", "2024-12-31"),
    ("Dec 31, 2024", "%b %d, %Y", "2024-12-31"),
    ("December 31, 2024", "%B %d, %Y", "2024-12-31"),
    ("31-Dec-24", "%d-%b-%y", "2024-12-31"),
    ("2020-03-01 11-PM", "%Y-%m-%d %I-%p", "2020-03-01T23:00"),
]


@pytest.mark.parametrize(("text", "form", "moment"), FORMS, ids=[form[0] for form in FORMS])
def test_forms(text: str, form: str, moment: str) -> None:
    detected = moments.detect([text, "", text])
    assert detected is not None
    assert detected.form == form
    assert moments.converter(detected)(text) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_day_and_month_are_told_apart_by_the_file() -> None:
    day_first, month_first = moments.detect(["01/02/2024", "13/02/2024"]), moments.detect(["02/01/2024", "02/13/2024"])
    assert (day_first, month_first) == (TimeForm("%d/%m/%Y"), TimeForm("%m/%d/%Y"))
    with pytest.raises(moments.Unclear, match="day/month or month/day"):
        moments.detect(["01/02/2024", "02/02/2024"])


@pytest.mark.parametrize("text", ["soon", "2024-13-01", "0", "1970-01-01", "2008-12-31", "99999999999999999999"])
def test_what_is_no_moment(text: str) -> None:
    for form in ("iso", "epoch"):
        with pytest.raises(moments.NotAMoment):
            moments.converter(TimeForm(form))(text)


@pytest.mark.parametrize("cells", [[], ["", "-"], ["abc", "def", "2024-01-01"], ["12", "13"]])
def test_no_form(cells: list[str]) -> None:
    assert moments.detect(cells) is None


def test_declared_zones() -> None:
    read = moments.converter(TimeForm("%d.%m.%Y %H:%M", zone="+02:00"))
    assert read("01.06.2024 00:30") == datetime(2024, 5, 31, 22, 30, tzinfo=UTC)
    assert moments.zone_of("-03:30") == timezone(-timedelta(hours=3, minutes=30))


aware = st.integers(1_230_940_800_000_000, 7_258_000_000_000_000).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


@given(aware)
def test_iso_and_epochs_lose_nothing(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    iso, epoch = moments.converter(TimeForm("iso")), moments.converter(TimeForm("epoch"))
    assert iso(moment.isoformat()) == iso(moment.isoformat().replace("+00:00", "Z")) == moment
    assert epoch(str(micros)) == moment
    assert epoch(str(micros // 1_000_000)) == moment.replace(microsecond=0)
    assert epoch(str(micros // 1000)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@given(
    st.lists(
        st.one_of(aware.map(str), st.sampled_from(["", "2024-01-01", "1735689599", "x", "2001-01-01"])), min_size=1
    )
)
def test_whole_columns_read_as_their_cells_do(cells: list[str]) -> None:
    for form in (TimeForm("iso"), TimeForm("epoch")):
        together = moments.all_usual(form, cells)
        if together is not None:
            assert together == [moments.converter(form)(cell) for cell in cells]


@pytest.mark.parametrize(
    ("opened", "period", "closed"),
    [
        ("2024-01-31", "1mo", "2024-02-29"),
        ("2023-12-01", "1mo", "2024-01-01"),
        ("2024-02-29", "1d", "2024-03-01"),
        ("2024-01-01", "1w", "2024-01-08"),
    ],
)
def test_candles_close(opened: str, period: str, closed: str) -> None:
    assert periods.closes(period)(datetime.fromisoformat(opened)) == datetime.fromisoformat(closed)
