"""From what was sniffed, the file's name and a declared mapping to how the file is read."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from kasparro.errors import Skippable
from kasparro.market.amount import NotAnAmount
from kasparro.sources.csv import coins, headers, moments, numbers, periods
from kasparro.sources.csv.coins import FromName
from kasparro.sources.csv.dialect import Dialect
from kasparro.sources.csv.headless import headless
from kasparro.sources.csv.identify import Identity, Subject, identify
from kasparro.sources.csv.layouts import Layout, known_layout
from kasparro.sources.csv.mapping import Mapping
from kasparro.sources.csv.moments import TimeForm
from kasparro.sources.csv.reading import Reading, WideCoin
from kasparro.sources.csv.refusal import not_understood

_CANDLE_ONLY = ("open", "high", "low", "close", "closetime", "usd_volume", "clock")


class Recognised(msgspec.Struct, frozen=True):
    """How a file is read, and what its reader should be told."""

    reading: Reading
    notes: tuple[str, ...]


def recognise(stem: str, dialect: Dialect, mapping: Mapping | None) -> Recognised:
    """How the file called `stem` is read. Raises Skippable with what was seen and a mapping to start from."""
    return _Recognition(stem, dialect, mapping or Mapping()).result()


class _Recognition:
    """One file on its way to a reading: each step settles one question."""

    def __init__(self, stem: str, dialect: Dialect, mapping: Mapping) -> None:
        self.stem, self.dialect, self.mapping = stem, dialect, mapping
        self.file_says: FromName = coins.from_file_name(stem)
        self.notes: list[str] = []
        self.layout = Layout(name="plain")
        self.columns: dict[str, int] = {}
        self.wide: tuple[WideCoin, ...] = ()

    def result(self) -> Recognised:
        self._find_columns()
        candle = headers.is_candle(self.columns)
        if candle:
            self.columns["price"] = self.columns.get("close", self.columns.get("price", -1))
        if "price" not in self.columns and not self.wide:
            raise self._refused("no column is known as a price")
        time = self._time(candle)
        periodic = candle or bool(self.wide or self.layout.period or self.mapping.period)
        period, opens = self._period(time) if periodic and self.mapping.period != "" else ("", False)
        if self.mapping.stamp and period:
            opens = self.mapping.stamp == "open"
        self._volume(candle, period)
        subject = Subject(self.stem, self.dialect, self.mapping, self.layout, self.file_says, candle)
        identity = Identity() if self.wide else identify(subject, self.columns)
        if self.mapping.quote:
            self.columns.pop("quote", None)
        for field in _CANDLE_ONLY:
            if field != "clock" or time is None:
                self.columns.pop(field, None)
        reading = Reading(
            layout=self.layout.name,
            delimiter=self.dialect.delimiter,
            encoding=self.dialect.encoding,
            width=self.dialect.width,
            columns=self.columns,
            decimal=self._decimal(),
            identity=identity.fields,
            coin=identity.coin,
            wide=self.wide,
            time=time,
            period=period,
            opens=opens,
            pairs=identity.pairs,
            glued=identity.glued,
            glued_numbers=tuple(f for f in self.layout.glued_numbers if f in self.columns),
            simulated=self.mapping.simulated,
        )
        return Recognised(reading, (*self.layout.notes, *self.notes, *identity.notes))

    def _refused(self, why: str) -> Skippable:
        return not_understood(why, self.dialect)

    def _cells(self, field: str) -> list[str]:
        at = self.columns[field]
        return [row[at] for row in self.dialect.rows if at < len(row)]

    # Columns

    def _find_columns(self) -> None:
        header = self.dialect.header
        if header is not None:
            self.layout = known_layout(header) or self.layout
            self.columns = headers.resolve(header)
            at = headers.positions(header)
            self.columns.update({f: at[cell] for f, cell in self.layout.columns.items() if cell in at})
            for field in self.layout.drops:
                self.columns.pop(field, None)
        elif not self.mapping.columns:
            found = headless(self.dialect)
            if found is None:
                raise self._refused("it has no header and its columns aren't those of a known layout")
            self.layout, self.columns = found
        if self.mapping.columns:
            self._declared(header)
        elif header is not None and "price" not in self.columns and not headers.is_candle(self.columns):
            self._find_wide(header)

    def _declared(self, header: list[str] | None) -> None:
        self.layout = Layout(name="declared")
        at = headers.positions(header or [])
        self.columns = {}
        for field, column in self.mapping.columns.items():
            index = column - 1 if isinstance(column, int) else at.get(headers.canonical(column), -1)
            if not 0 <= index < self.dialect.width:
                raise self._refused(f"the mapping's column {column!r} for {field!r} isn't in the file")
            self.columns[field] = index

    def _find_wide(self, header: list[str]) -> None:
        """A column of moments and else only columns of numbers: one coin per column."""
        if "time" not in self.columns:
            return
        found = []
        for index, cell in enumerate(header):
            cells = [row[index] for row in self.dialect.rows if index < len(row) and not numbers.is_missing(row[index])]
            if index == self.columns["time"] or not cells:
                continue
            if not all(_is_number(c) for c in cells) or not cell:
                return
            label = re.sub(r"[_ ](price|close|usd)$", "", cell, flags=re.IGNORECASE)
            found.append(WideCoin(index, coins.named(label)))
        suffixed = [cell for cell in header if re.search(r"[_ ]price$", cell, re.IGNORECASE)]
        coin_like = [w for w in found if coins.is_known(w.coin.name) or coins.is_known(w.coin.symbol)]
        if len(found) > 1 and (len(suffixed) == len(found) or len(coin_like) * 2 >= len(found)):
            self.columns = {"time": self.columns["time"]}
            self.wide = tuple(found)
            daily = len(suffixed) == len(found)
            self.layout = Layout(name="wide", period=periods.DAY if daily else "", opens=True if daily else None)

    # Time

    def _time(self, candle: bool) -> TimeForm | None:
        field = "closetime" if candle and "closetime" in self.columns else "time"
        if field not in self.columns:
            if candle and not self.layout.undated:
                raise self._refused("its candles have no date")
            self.notes.append("its rows have no date: they take the file's time of modification")
            if candle:
                self.notes.append("candles without a date correct each other: only the last row of a coin stays")
            return None
        self.columns["time"] = self.columns[field]
        self._settle_clock()
        form = self._form(self._time_cells())
        if not candle and any(map(numbers.is_missing, self._cells("time"))):
            self.notes.append("rows whose time cell is empty take the file's time of modification")
        return form

    def _settle_clock(self) -> None:
        """A time beside a date is its time of day, or all of the moment; anything else can't be left out."""
        if "clock" not in self.columns:
            return
        cells = [cell.strip() for cell in self._cells("clock")]
        if all(re.fullmatch(r"\d\d?:\d\d(:\d\d)?", cell) for cell in cells):
            return
        clock = self.columns.pop("clock")
        if moments.detect(cells) is None:
            raise self._refused(f"beside its date stands a time such as {cells[0][:20]!r}, which has no known form")
        self.columns["time"] = clock

    def _time_cells(self) -> list[str]:
        cells = self._cells("time")
        if "clock" not in self.columns:
            return cells
        return [f"{day} {clock}" for day, clock in zip(cells, self._cells("clock"), strict=False)]

    def _form(self, cells: Sequence[str]) -> TimeForm:
        wish = self.mapping.time
        if wish.format is not None:
            return TimeForm(wish.format, wish.unit or "", wish.zone)
        try:
            form = TimeForm("epoch") if wish.unit else moments.detect(cells)
        except moments.Unclear as error:
            raise self._refused(f"{error}; say so with [time] format") from error
        if form is None:
            seen = next((cell for cell in cells if not numbers.is_missing(cell)), "")
            raise self._refused(f"its times, such as {seen[:40]!r}, have no known form")
        return msgspec.structs.replace(form, unit=wish.unit or "", zone=wish.zone)

    # Candles

    def _period(self, time: TimeForm | None) -> tuple[str, bool]:
        declared, layout = self.mapping.period, self.layout
        if time is None or (self.wide and not (declared or layout.period)):
            return declared or layout.period, False
        cells = [cell for cell in self._time_cells() if not numbers.is_missing(cell)]
        known = [moment for moment in map(_or_none(moments.converter(time)), cells) if moment]
        usual, smallest = periods.spacing(known)
        named = self.file_says.period
        if named and smallest is not None and smallest < periods.least(named):
            named = ""
        days = all(moments.is_date_only(cell) for cell in cells)
        midnights = all((m.hour, m.minute, m.second) == (0, 0, 0) for m in known)
        period = (
            declared
            or layout.period
            or named
            or usual
            or (periods.DAY if days or (midnights and len(known) == 1) else "")
        )
        if not period:
            raise self._refused("the period of its candles can't be told; say so with period")
        closing = "closetime" in self.columns or any((m.minute, m.second) == (59, 59) for m in known)
        return period, layout.opens if layout.opens is not None else not closing

    def _volume(self, candle: bool, period: str) -> None:
        if "volume" in self.layout.drops:
            self.columns.pop("volume", None)
        elif candle and "volume" not in self.mapping.columns:
            usd = self.columns.get("volume") if self.layout.usd_volume else self.columns.get("usd_volume")
            self.columns.pop("volume", None)
            if usd is not None:
                self.columns["volume"] = usd
        if period not in ("", periods.DAY):
            self.columns.pop("volume", None)
            self.columns.pop("change", None)

    def _decimal(self) -> str:
        if self.mapping.decimal:
            return self.mapping.decimal
        at = [self.columns[field] for field in headers.NUMBERS if field in self.columns]
        at += [wide.column for wide in self.wide]
        try:
            return numbers.decimal_mark(row[i] for row in self.dialect.rows for i in at if i < len(row))
        except numbers.UnclearMark as error:
            raise self._refused(f"{error}: say which with `decimal`") from None


def _is_number(cell: str) -> bool:
    try:
        return numbers.point(cell) is not None
    except NotAnAmount:
        try:
            return numbers.comma(cell) is not None
        except NotAnAmount:
            return False


def _or_none(convert: Callable[[str], datetime | None]) -> Callable[[str], datetime | None]:
    def converted(text: str) -> datetime | None:
        try:
            return convert(text)
        except moments.NotAMoment:
            return None

    return converted
