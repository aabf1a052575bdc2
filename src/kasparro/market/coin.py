"""The coin: one entry of a source's own coin list, the raw material of identity."""

import msgspec


class Coin(msgspec.Struct, frozen=True, gc=False):
    """What a coin list says of one listing.

    `ordinal` is its position in the payload. None means that this list doesn't say. `addresses` pairs the
    source's own name of a chain with the contract's address, both as sent.
    """

    ordinal: int
    source_coin_id: str
    symbol: str | None = None
    name: str | None = None
    is_active: bool | None = None
    addresses: tuple[tuple[str, str], ...] = ()
