"""The declared mapping: a small TOML beside a file that says how to read it."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from kasparro.sources.csv.coins import DOLLARS
from kasparro.sources.csv.dialect import Wishes
from kasparro.sources.csv.errors import FileRefused
from kasparro.sources.csv.headers import FIELDS
from kasparro.sources.csv.moments import zone_of
from kasparro.sources.csv.periods import NAMES

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Column = Text | Annotated[int, Field(ge=1)]
_DELIMITERS = {"tab": "\t", "\t": "\t", ",": ",", ";": ";", "|": "|"}


class TimeMapping(BaseModel):
    """How the time column is written: `format` is `iso`, `epoch` or a strptime format, `unit` an epoch's
    unit, `zone` the zone of cells that name none (an IANA name or an offset; UTC when left out)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Text | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    zone: Text = "UTC"

    @field_validator("format")
    @classmethod
    def _is_form(cls, value: str | None) -> str | None:
        if value is not None and value not in ("iso", "epoch") and "%" not in value:
            raise ValueError('must be "iso", "epoch" or a strptime format such as "%d/%m/%Y"')
        return value

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            zone_of(value)
        except (ValueError, ZoneInfoNotFoundError):
            raise ValueError('must be a zone such as "UTC", "Europe/Berlin" or "+02:00"') from None
        return value


class Mapping(BaseModel):
    """What `<file>.toml` or `<stem>.toml` beside a file may say. Every key may be left out.

    `columns` maps a field to a header cell, or to a column number from 1 (the only way when `header` is
    false); without `columns` the file's own words are used. `id`, `symbol` and `name` are for a file of one
    coin. `stamp` tells whether a candle's time is its opening or its close. `simulated` marks numbers
    that no market ever had, wherever they show.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, Column] = {}
    time: TimeMapping = TimeMapping()
    dataset: Annotated[str, StringConstraints(pattern=r"^[^@\x00-\x1f]{1,200}$")] | None = None
    period: str | None = None
    stamp: Literal["open", "close"] | None = None
    id: Text | None = None
    symbol: Text | None = None
    name: Text | None = None
    quote: Text | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: Literal["utf-8", "cp1252", "latin-1"] | None = None
    header: bool | None = None
    skip_lines: Annotated[int, Field(ge=0, le=100)] | None = None
    simulated: bool = False

    @field_validator("columns")
    @classmethod
    def _are_fields(cls, value: dict[str, Column]) -> dict[str, Column]:
        unknown = [field for field in value if field not in FIELDS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no field; fields are {', '.join(FIELDS)}")
        return value

    @field_validator("period")
    @classmethod
    def _is_period(cls, value: str | None) -> str | None:
        if value not in (None, "", *NAMES):
            raise ValueError(f'must be "" for plain quotes or one of {", ".join(NAMES)}')
        return value

    @field_validator("delimiter")
    @classmethod
    def _is_delimiter(cls, value: str | None) -> str | None:
        if value is not None and value not in _DELIMITERS:
            raise ValueError('must be ",", ";", "|" or "tab"')
        return _DELIMITERS[value] if value else None

    @field_validator("quote")
    @classmethod
    def _is_dollar(cls, value: str | None) -> str | None:
        if value is not None and value.upper() not in DOLLARS:
            raise ValueError(f"must be one of {', '.join(sorted(DOLLARS))}: prices are kept in US dollars")
        return value

    @model_validator(mode="after")
    def _numbers_without_header(self) -> "Mapping":
        if self.header is False and not all(isinstance(c, int) for c in self.columns.values()):
            raise ValueError("columns must be numbers from 1 when header is false")
        return self

    @property
    def wishes(self) -> Wishes:
        """What it says about how the file is written."""
        return Wishes(self.encoding, self.delimiter, self.header, self.skip_lines)


def beside(path: Path) -> Path | None:
    """The mapping that stands beside a file: `prices.csv.toml`, else `prices.toml`."""
    stem = stem_of(path)
    for name in (f"{path.name}.toml", f"{stem}.toml"):
        candidate = path.with_name(name)
        if candidate.is_file():
            return candidate
    return None


def stem_of(path: Path) -> str:
    """A file's name without `.gz` and without `.csv`, `.tsv` or `.txt`."""
    name = path.name
    for endings in ((".gz",), (".csv", ".tsv", ".txt")):
        for ending in endings:
            if name.lower().endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
    return name


def load(path: Path) -> Mapping:
    """The mapping in a TOML file. Raises Skippable that names the key and what is accepted."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileRefused(f"{path.name} is no TOML: {error}", remedy="docs/csv.md shows a mapping.") from error
    except OSError as error:
        raise FileRefused(f"{path.name} can't be read: {error.strerror}", remedy="Check its permissions.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the mapping"
        raise FileRefused(f"{path.name}: {key}: {_told(first['type'], first['msg'])}", remedy=_REMEDY) from error


_REMEDY = "Correct the mapping; docs/csv.md lists what it may say."


def _told(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key; known are {', '.join(Mapping.model_fields)}"
    return message.removeprefix("Value error, ")
