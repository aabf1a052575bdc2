"""From a JSON array to typed records: a fast way for what is as documented, a careful one for the rest.

The fast way decodes the whole payload at once into strict structs. Any surprise (an unknown, missing or
retyped field, one broken record) sends the payload the careful way, record by record, which tells drift from
broken records and loses neither.
"""

import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from kasparro.market.amount import MAX_MAGNITUDE, Amount, NotAnAmount, amount
from kasparro.market.drift import Drift, DriftKind, compare_fields, kind_of
from kasparro.market.quote import MAX_ORDINAL
from kasparro.market.rejection import Reason, Rejection
from kasparro.sources.contract import RefusedPayload

Record = TypeVar("Record", bound=msgspec.Struct)
Made = TypeVar("Made")

_ARRAY_START = re.compile(r"\s*\[\s*")
_ARRAY_NEXT = re.compile(r"\s*(?:,\s*|(?=\]))")
_WORD = 1 << 63
_SHORT = Decimal(0).__sizeof__()  # a Decimal that needs more memory has over 70 digits
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation, RecursionError)
_FIELD_NAME = 100


class Unfit(ValueError):
    """A decoded record that can't become what it should; `reason` is its code."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def amounts(values: Sequence[Any]) -> Sequence[Amount | None]:
    """`amount` of each value, in a third of its time where all are as they should be. Raises NotAnAmount."""
    for value in values:
        kind = value.__class__
        if kind is Decimal:
            if value.__sizeof__() != _SHORT or not -MAX_MAGNITUDE < value.adjusted() < MAX_MAGNITUDE:
                break
        elif value is not None and (kind is not int or not -_WORD < value < _WORD):
            break
    else:
        return values
    return [amount(value) for value in values]


class Decoded(msgspec.Struct, Generic[Made], frozen=True):
    """What a payload's records became; a record is in exactly one of `made` and `rejections`."""

    made: Sequence[Made]
    rejections: Sequence[Rejection] = ()
    drift: Sequence[Drift] = ()


class RecordReader(Generic[Record, Made]):
    """Reads JSON arrays of one kind of record.

    `record` is a strict struct (unknown fields forbidden, documented fields without default, fields that a
    plan may leave out with one). `make(ordinal, record)` turns one into what is wanted and raises Unfit or
    NotAnAmount when it can't. `used` names the fields that `make` reads, `required` those without which a
    payload is no data (dotted for nested structs).
    """

    def __init__(
        self, record: type[Record], make: Callable[[int, Record], Made], *, used: Sequence[str],
        required: Sequence[str],
    ) -> None:  # fmt: skip
        self._record = record
        self._make = make
        self._used = frozenset(used) | frozenset(required)
        self._required = tuple(required)
        self._known = _field_types(record)
        self._optional = _optional_fields(record)
        self._fast = msgspec.json.Decoder(list[record], float_hook=Decimal)  # type: ignore[valid-type]
        self._raw = msgspec.json.Decoder(list[msgspec.Raw])
        self._any = msgspec.json.Decoder(Any, float_hook=Decimal)

    def read(self, body: bytes) -> Decoded[Made]:
        """The records of `body`.

        Raises RefusedPayload when it isn't a JSON array, or when a required field is in none of its records.
        """
        try:
            return Decoded([self._make(n, record) for n, record in enumerate(self._fast.decode(body))])
        except (*_UNDECODABLE, Unfit, NotAnAmount):
            return self._read_carefully(body)

    def _read_carefully(self, body: bytes) -> Decoded[Made]:
        try:
            raws: Sequence[bytes | msgspec.Raw] = self._raw.decode(body)
        except _UNDECODABLE:
            raws = _split(body)
        if len(raws) > MAX_ORDINAL:
            raise RefusedPayload(f"the payload has {len(raws)} records, more than {MAX_ORDINAL}")
        rejections: list[Rejection] = []
        records: list[tuple[int, dict[str, Any]]] = []
        for ordinal, raw in enumerate(raws):
            try:
                decoded: Any = self._any.decode(raw)
            except _UNDECODABLE as error:
                rejections.append(Rejection(ordinal, Reason.NOT_A_RECORD, str(error), _text(raw)))
                continue
            if isinstance(decoded, dict):
                records.append((ordinal, decoded))
            else:
                detail = f"{kind_of(decoded)} instead of an object"
                rejections.append(Rejection(ordinal, Reason.NOT_A_RECORD, detail, _text(raw)))
        drift = self._drift([record for _, record in records])
        drifted = {change.field for change in drift if change.kind is DriftKind.TYPE}
        made: list[Made] = []
        for ordinal, record in records:
            try:
                made.append(self._make(ordinal, self._convert(record, drifted)))
            except (Unfit, NotAnAmount) as error:
                reason = error.reason if isinstance(error, Unfit) else Reason.BAD_NUMBER
                rejections.append(Rejection(ordinal, reason, str(error), _text(raws[ordinal])))
        return Decoded(made, sorted(rejections, key=lambda rejection: rejection.ordinal), drift)

    def _drift(self, records: Sequence[Mapping[str, Any]]) -> list[Drift]:
        """The payload's drift. Raises RefusedPayload when a required field has drifted away."""
        if not records:
            return []
        drift = compare_fields(_seen_types(records, self._known), self._known, self._required, self._optional)
        lost = [change for change in drift if change.required]
        if lost:
            raise RefusedPayload(
                "required " + "; ".join(str(change) for change in lost),
                remedy="The payload is kept; `kasparro reprocess` reads it once a parser knows the field",
                drift=drift,
            )
        return drift

    def _convert(self, decoded: Mapping[str, Any], drifted: set[str]) -> Record:
        for field in self._required:
            if not _has(decoded, field):
                raise Unfit(Reason.MISSING_FIELD, f"{field} is missing")
        picked = _pick(decoded, self._record, "", self._used - drifted)
        try:
            return msgspec.convert(picked, self._record)
        except msgspec.ValidationError as error:
            detail = str(error)
            reason = Reason.BAD_TIME if "RFC3339" in detail else Reason.WRONG_TYPE
            raise Unfit(reason, detail) from None


def _split(body: bytes) -> list[bytes]:
    """The records of an array one of which the strict decoder can't read (a lone surrogate, bad UTF-8).

    Raises RefusedPayload when the body isn't an array at all.
    """
    text = body.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, strict=False)
    records: list[bytes] = []
    try:
        at = _ARRAY_START.match(text).end()  # type: ignore[union-attr]
        while text[at] != "]":
            end = decoder.raw_decode(text, at)[1]
            records.append(text[at:end].encode("utf-8", "surrogateescape"))
            at = _ARRAY_NEXT.match(text, end).end()  # type: ignore[union-attr]
        if text[at + 1 :].strip():
            raise ValueError("something follows the array")
    except (ValueError, AttributeError, IndexError, RecursionError):
        raise RefusedPayload(f"the payload is not an array of records: {text[:80]!r}") from None
    return records


def in_utc(moment: datetime, field: str) -> datetime:
    """`moment` in UTC. Raises Unfit for one without a time zone, or outside of what a clock can show."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise Unfit(Reason.BAD_TIME, f"{field} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Unfit(Reason.BAD_TIME, f"{field} is out of range") from None


def excerpt(body: bytes, ordinal: int) -> str:
    """The text of the record at `ordinal` of a JSON array, as it was sent."""
    try:
        return _text(msgspec.json.decode(body, type=list[msgspec.Raw])[ordinal])
    except _UNDECODABLE:
        return _text(_split(body)[ordinal])


def _text(raw: bytes | msgspec.Raw) -> str:
    return bytes(raw).decode("utf-8", "backslashreplace")


def _struct_in(hint: object) -> type[msgspec.Struct] | None:
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _json_type(hint: object) -> str:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    names = {_json_type_of(option) for option in options if option is not type(None)}
    return names.pop() if len(names) == 1 else "any"


def _json_type_of(hint: object) -> str:
    if hint is bool:
        return "boolean"
    if hint in (int, float, Decimal):
        return "number"
    if get_origin(hint) is dict:
        return "object"
    if hint in (Any, msgspec.Raw):
        return "any"
    return "string"


def _field_types(record: type[msgspec.Struct], prefix: str = "") -> dict[str, str]:
    known: dict[str, str] = {}
    hints = get_type_hints(record)
    for field in msgspec.structs.fields(record):
        hint = hints[field.name]
        nested = _struct_in(hint)
        if nested:
            known |= _field_types(nested, f"{prefix}{field.encode_name}.")
        else:
            meta = getattr(record, "json_types", {})
            known[prefix + field.encode_name] = meta.get(field.encode_name, _json_type(hint))
    return known


def _optional_fields(record: type[msgspec.Struct], prefix: str = "") -> list[str]:
    names: list[str] = []
    for field in msgspec.structs.fields(record):
        nested = _struct_in(field.type)
        if nested:
            names += _optional_fields(nested, f"{prefix}{field.encode_name}.")
        elif not field.required:
            names.append(prefix + field.encode_name)
    return names


def _seen_types(records: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Field -> JSON type over all records: the known type where any record has it, else one that is there."""
    parents = {name.rpartition(".")[0] for name in known if "." in name}
    parents |= {parent.split(".")[0] for parent in parents}
    seen: dict[str, str] = {}
    for record in records:
        for key, value in _flat(record, "", parents):
            name = key if key in known else key.replace("\0", "\\x00")[:_FIELD_NAME]
            found = "null" if value in (None, "") and known.get(name) != "string" else kind_of(value)
            if seen.get(name, "null") == "null" or found == known.get(name):
                seen[name] = found
    return seen


def _flat(record: Mapping[str, Any], prefix: str, parents: set[str]) -> list[tuple[str, Any]]:
    fields: list[tuple[str, Any]] = []
    for key, value in record.items():
        name = prefix + key
        if name in parents and isinstance(value, dict):
            fields += _flat(value, name + ".", parents)
        else:
            fields.append((name, value))
    return fields


def _has(record: Mapping[str, Any], dotted: str) -> bool:
    holder: Any = record
    *parents, last = dotted.split(".")
    for part in parents:
        holder = holder.get(part) if isinstance(holder, dict) else None
    return isinstance(holder, dict) and last in holder


def _pick(record: Any, struct: type[msgspec.Struct], prefix: str, wanted: frozenset[str] | set[str]) -> dict[str, Any]:
    """`record` cut down to the fields of `struct`: the wanted ones as they are, the others as null."""
    picked: dict[str, Any] = {}
    record = record if isinstance(record, dict) else {}
    for field in msgspec.structs.fields(struct):
        name = field.encode_name
        nested = _struct_in(field.type)
        if nested:
            picked[name] = _pick(record.get(name), nested, f"{prefix}{name}.", wanted)
        else:
            value = record.get(name) if prefix + name in wanted else None
            if value is not None or field.required:
                picked[name] = value
    return picked
