"""Cells that spell moments: ISO dates, epochs in s, ms or µs, and the common national forms."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from kasparro.sources.csv.numbers import is_missing

EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
"""No coin had a price before Bitcoin's first block (2009-01-03)."""

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""What is later is a misread number; what is merely ahead of its time is told apart after the parse."""

UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0}
"""Epoch units, as the microseconds in one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_TEXT = re.compile(r"\d{9,19}(?:\.\d*)?|\d(?:\.\d+)?[eE]\+?(?:9|1\d)")
_ISO_TEXT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d.*)?")
_DATES = (
    *("%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%a %b %d %Y"),
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S.%f", ", %H:%M:%S")
_FORMS = (
    "%Y-%m-%d %I-%p",
    *(date + clock for date in _DATES for clock in _CLOCKS),
)
_SAMPLE = 120
"""Cells that decide a column's form: more days than a quarter has, so day and month tell each other apart."""

_TWINS = (("%d/%m/", "%m/%d/"), ("%d-%m-", "%m-%d-"))


class NotAMoment(ValueError):
    """The cell isn't a date of the form that its file writes; the text says what it is."""


class Unclear(ValueError):
    """The cells can be read as day/month and as month/day."""


class TimeForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a column spells time.

    `form` is `iso`, `epoch` or a strptime format; `unit` an epoch's unit (empty: told by its size);
    `zone` an IANA name or an offset such as `+02:00`, for cells that name none.
    """

    form: str
    unit: str = ""
    zone: str = "UTC"


def detect(cells: Sequence[str]) -> TimeForm | None:
    """The form in which most of `cells` can be read; None when there is none.

    Raises Unclear when the days and months of all cells can be exchanged.
    """
    texts = [_bare(cell) for cell in cells if not is_missing(cell)][:_SAMPLE]
    if not texts:
        return None
    need = (len(texts) + 1) // 2
    scores = {"epoch": sum(_EPOCH_TEXT.fullmatch(t) is not None for t in texts)}
    scores["iso"] = sum(_reads(t, "iso") for t in texts)
    for form in _FORMS:
        if max(scores.values()) == len(texts):
            break
        scores[form] = sum(_reads(t, form) for t in texts)
    best = max(scores, key=lambda form: scores[form])
    if scores[best] < need:
        return None
    for day_first, month_first in _TWINS:
        if best.startswith(day_first):
            twin = best.replace(day_first, month_first, 1)
            if sum(_reads(t, twin) for t in texts) == scores[best]:
                raise Unclear(f"{texts[0]!r} can be day/month or month/day")
    return TimeForm(best)


def converter(form: TimeForm) -> Callable[[str], datetime | None]:
    """From a cell to its moment in UTC; None for a cell that says nothing. The function raises NotAMoment."""
    read = _reader(form)

    def converted(text: str) -> datetime | None:
        try:
            moment = read(text)
        except (ValueError, OverflowError):
            if is_missing(text):
                return None
            raise NotAMoment(f"{text[:40]!r} is not a time of the form {_told(form)}") from None
        if not EARLIEST <= moment < LATEST:
            raise NotAMoment(f"{text[:40]!r} is no time at which a coin had a price")
        return moment

    return converted


def all_usual(form: TimeForm, cells: Sequence[str]) -> list[datetime] | None:
    """A whole column of ISO moments or of epochs in seconds at once, or None when any cell is anything else."""
    if form.zone != "UTC":
        return None
    try:
        if form.form == "iso":
            read = [datetime.fromisoformat(cell) for cell in cells]
            zones = {moment.tzinfo for moment in read}
            if zones == {None}:
                read = [moment.replace(tzinfo=UTC) for moment in read]
            elif zones != {UTC}:
                return None
        elif form.form == "epoch" and form.unit in ("", "s") and set(map(len, cells)) == {10}:
            read = [datetime.fromtimestamp(int(cell), UTC) for cell in cells]
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return read if min(read) >= EARLIEST and max(read) < LATEST else None


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name or an offset such as `+02:00`. Raises ValueError, ZoneInfoNotFoundError."""
    if name in ("UTC", "Z", "GMT"):
        return UTC
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    return ZoneInfo(name)


def is_date_only(text: str) -> bool:
    """Whether a cell names a day and no time of day."""
    return ":" not in text and not _EPOCH_TEXT.fullmatch(text.strip()) and not text.strip().endswith(("AM", "PM"))


def looks_like_time(text: str) -> bool:
    """Whether a cell could be a date or an epoch of some form."""
    bare = _bare(text)
    # The shortest has a day and a year of two digits; most texts are told by that from dates, at no cost.
    return sum(map(str.isdigit, bare)) > 2 and any(_reads(bare, form) for form in ("iso", *_FORMS))


def _bare(text: str) -> str:
    stripped = text.strip()
    return stripped[:-4] if stripped.endswith((" UTC", " GMT")) else stripped


def _reads(text: str, form: str) -> bool:
    try:
        if form == "iso":
            return _ISO_TEXT.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
        return "%" in form and bool(datetime.strptime(text, form))  # noqa: DTZ007
    except ValueError:
        return False


def _reader(form: TimeForm) -> Callable[[str], datetime]:
    if form.form == "epoch":
        return lambda text: from_epoch(text, form.unit)
    zone = zone_of(form.zone)
    if form.form == "iso":
        return lambda text: _from_iso(text, zone)
    known: dict[str, datetime] = {}

    def read(text: str) -> datetime:
        found = known.get(text)
        if found is None:
            found = _in_utc(datetime.strptime(_bare(text), form.form), zone)  # noqa: DTZ007
            known[text] = found
        return found

    return read


def _from_iso(text: str, zone: tzinfo) -> datetime:
    if text[-4:] in (" UTC", " GMT"):
        text = text[:-4]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text.strip())
    return _in_utc(moment, zone)


def _in_utc(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC) if zone is UTC else moment.replace(tzinfo=zone).astimezone(UTC)
    return moment.astimezone(UTC)


def from_epoch(text: str, unit: str = "") -> datetime:
    """The moment of an epoch; without `unit` its size tells it. Raises ValueError, OverflowError.

    Seconds of this century have 10 digits, milliseconds 13, microseconds 16: files that change the unit
    half-way exist (Binance's from 2025 on, CryptoDataDownload's).
    """
    whole, _, fraction = text.partition(".")
    if "e" in fraction or "E" in text:
        whole, fraction = str(int(float(text))), ""
    count = int(whole)
    if not unit:
        size = abs(count)
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
    if unit == "s" and not fraction.strip("0"):
        return _EPOCH + timedelta(seconds=count)
    if unit == "ns":
        return _EPOCH + timedelta(microseconds=count // 1000)
    scale = UNITS[unit]
    part = int((fraction + "000000")[:6]) * scale // 1_000_000 if fraction else 0
    return _EPOCH + timedelta(microseconds=count * scale + part)


def _told(form: TimeForm) -> str:
    return {"iso": "2024-12-31 or 2024-12-31T23:59:59Z", "epoch": "1735689599 (epoch)"}.get(form.form, form.form)
