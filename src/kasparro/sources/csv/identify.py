"""Which cells, which column or which name say whose prices a file holds."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from kasparro.sources.csv import coins, headers
from kasparro.sources.csv.coins import FromName, NamedCoin
from kasparro.sources.csv.dialect import Dialect
from kasparro.sources.csv.layouts import Layout
from kasparro.sources.csv.mapping import Mapping
from kasparro.sources.csv.refusal import not_understood

_SHARED = "symbols are shared by several coins here: a coin is known by name and symbol together"


class Subject(msgspec.Struct, frozen=True):
    """A file whose columns are known, and what its name says."""

    stem: str
    dialect: Dialect
    mapping: Mapping
    layout: Layout
    file_says: FromName
    candle: bool


class Identity(msgspec.Struct, frozen=True):
    """What names a listing: the `fields` whose cells do, or the one `coin` of the file.

    `pairs` and `glued` are those of `Reading`.
    """

    fields: tuple[str, ...] = ()
    coin: NamedCoin | None = None
    pairs: str = ""
    glued: str = ""
    notes: tuple[str, ...] = ()


def identify(subject: Subject, columns: dict[str, int]) -> Identity:
    """Whose prices the file holds. Takes the columns out of `columns` that only seem to name a coin.

    Raises Skippable when the file's name says that its prices aren't in dollars.
    """
    return _Identification(subject, columns).result()


class _Identification:
    def __init__(self, subject: Subject, columns: dict[str, int]) -> None:
        self.subject, self.columns = subject, columns

    def _cells(self, field: str) -> list[str]:
        at = self.columns[field]
        return [row[at] for row in self.subject.dialect.rows if at < len(row)]

    def result(self) -> Identity:
        declared = self._declared()
        if declared is not None:
            return declared
        self._drop_counters()
        glued = self.subject.layout.glued or self._parenthesised()
        fields: tuple[str, ...] = self.subject.layout.identity
        notes: tuple[str, ...] = ()
        if not fields and ("id" in self.columns or "symbol" in self.columns or glued):
            fields = ("id",) if "id" in self.columns else ("symbol",)
            if fields == ("symbol",) and self._shared_symbols():
                fields, notes = ("name", "symbol"), (_SHARED,)
        if not fields and "name" in self.columns:
            fields = ("name",)
        if fields:
            return Identity(fields, pairs=self._pairs(), glued=glued, notes=notes)
        return self._coin_of_file()

    def _declared(self) -> Identity | None:
        mapping = self.subject.mapping
        known = mapping.id or mapping.symbol
        if not known and (mapping.name is None or {"id", "symbol"} & self.columns.keys()):
            return None
        for field in ("id", "symbol", "name"):
            self.columns.pop(field, None)
        known = known or mapping.name or ""
        symbol = mapping.symbol or known
        return Identity(coin=NamedCoin(known, symbol, mapping.name or symbol))

    def _drop_counters(self) -> None:
        """An id that only counts rows, and a currency column that names the quote, name no coin."""
        header = self.subject.dialect.header
        if "id" in self.columns and "id" not in self.subject.mapping.columns and _all_numbers(self._cells("id")):
            slug = headers.positions(header or []).get("slug", -1)
            self.columns.pop("id")
            if slug >= 0:
                self.columns["id"] = slug
        if "symbol" in self.columns and "symbol" not in self.subject.mapping.columns:
            cells = {cell.strip().upper() for cell in self._cells("symbol")}
            if cells <= coins.DOLLARS and headers.canonical((header or [""])[self.columns["symbol"]]) == "currency":
                self.columns.pop("symbol")

    def _parenthesised(self) -> str:
        if "symbol" in self.columns or "id" in self.columns or "name" not in self.columns:
            return ""
        cells = [cell for cell in self._cells("name") if cell.strip()]
        return "parentheses" if cells and all(map(coins.in_parentheses, cells)) else ""

    def _pairs(self) -> str:
        """Whether symbols are pairs. In a plain listing only BTC/USD is one: FDUSD is a coin."""
        if "symbol" not in self.columns:
            return ""
        cells = [cell.strip() for cell in self._cells("symbol") if cell.strip()]
        parted = self.subject.candle or all("/" in cell for cell in cells)
        if self.subject.layout.pairs or (cells and parted and all(map(coins.split_pair, cells))):
            return "any" if self.subject.mapping.quote else "dollars"
        return ""

    def _shared_symbols(self) -> bool:
        """Whether one symbol stands for several names: then the symbol alone doesn't name a coin."""
        if not {"symbol", "name"} <= self.columns.keys():
            return False
        names = defaultdict(set)
        for symbol, name in zip(self._cells("symbol"), self._cells("name"), strict=False):
            names[symbol.strip()].add(name.strip())
        return any(len(of) > 1 for of in names.values())

    def _coin_of_file(self) -> Identity:
        says, stem = self.subject.file_says, self.subject.stem
        if says.quote and says.quote not in coins.DOLLARS and self.subject.mapping.quote is None:
            why = f'its name says that prices are in {says.quote}; if they are in US dollars, set quote = "USD"'
            raise not_understood(why, self.subject.dialect)
        if says.coin is not None:
            return Identity(coin=says.coin)
        if "time" not in self.columns:
            raise not_understood("nothing says whose price it holds", self.subject.dialect)
        note = f"nothing names its coin: it's called {stem!r} after the file; a mapping can set symbol"
        return Identity(coin=NamedCoin(stem, stem, stem), notes=(note,))


def _all_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(cell.strip().isdigit() for cell in filled)
