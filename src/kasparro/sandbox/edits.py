"""Changes to single records that leave every other byte of them alone."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

Fields = dict[str, msgspec.Raw]
_SAMPLES = {
    "string": '"text"', "number": "1", "null": "null", "list": "[]", "object": "{}", "boolean": "true",
}  # fmt: skip


def drift(record: bytes, change: str) -> bytes:
    """The record after a change of shape: `rename:a:b`, `drop:a`, `add:a` or `type:a:string`.

    A field inside another is written with points (`quotes.USD.price`). A record without it stays as it is.
    """
    verb, path, *more = change.split(":")
    argument = more[0] if more else ""
    edit = _DRIFTS[verb]
    return _edit(record, path.split("."), lambda fields, name: edit(fields, name, argument))


def broken(record: bytes, how: str) -> bytes:
    """The record made unusable: price `nan`, `text` or `huge`, id gone (`missing-id`), `not-object`; or good to read
    and wrong: its price a twelfth too high (`off`)."""
    if how == "not-object":
        return b"null"
    if how == "missing-id":
        return drift(record, "drop:id")
    if how == "off":
        return _edit(record, _price_path(record), _raised)
    text = {"nan": '"NaN"', "text": '"n/a"', "huge": "1e999999"}[how]
    return _edit(record, _price_path(record), lambda fields, name: fields | {name: msgspec.Raw(text.encode())})


def _raised(fields: Fields, name: str) -> Fields:
    price = Decimal(bytes(fields[name]).decode())
    return fields | {name: msgspec.Raw(f"{price * 13 / 12:.12g}".encode())}


def moved(record: bytes, by: int) -> bytes:
    """The record with its rank, where it has one, so many places further down."""

    def move(fields: Fields, name: str) -> Fields:
        rank = bytes(fields.get(name, msgspec.Raw(b"null")))
        return fields | {name: msgspec.Raw(str(int(rank) + by).encode())} if rank.isdigit() else fields

    return _edit(record, ["market_cap_rank"], move)


def _price_path(record: bytes) -> list[str]:
    fields = _fields(record)
    if "quotes" not in fields:
        return ["current_price"]
    return ["quotes", next(iter(_fields(bytes(fields["quotes"])))), "price"]


def _fields(record: bytes) -> Fields:
    return msgspec.json.decode(record, type=Fields)


def _edit(record: bytes, path: Sequence[str], change: Callable[[Fields, str], Fields]) -> bytes:
    fields = _fields(record)
    name, *rest = path
    if not rest:
        fields = change(fields, name)
    elif name in fields and bytes(fields[name]).startswith(b"{"):
        fields[name] = msgspec.Raw(_edit(bytes(fields[name]), rest, change))
    return msgspec.json.encode(fields)


def _rename(fields: Fields, name: str, new: str) -> Fields:
    return {new if key == name else key: value for key, value in fields.items()}


def _drop(fields: Fields, name: str, _: str) -> Fields:
    return {key: value for key, value in fields.items() if key != name}


def _add(fields: Fields, name: str, _: str) -> Fields:
    return fields | {name: msgspec.Raw(b'"new"')}


def _retype(fields: Fields, name: str, kind: str) -> Fields:
    if name not in fields:
        return fields
    old = bytes(fields[name])
    scalar = not old.startswith((b'"', b"{", b"["))
    text = f'"{old.decode()}"' if kind == "string" and scalar else _SAMPLES[kind]
    return fields | {name: msgspec.Raw(text.encode())}


_DRIFTS: dict[str, Callable[[Fields, str, str], Fields]] = {
    "rename": _rename,
    "drop": _drop,
    "add": _add,
    "type": _retype,
}
