"""Keys of the API: made, listed, revoked, and asked what they allow.

A key has 256 random bits, so its plain SHA-256 is kept: there is nothing to guess, and nothing to slow down.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec
from psycopg.rows import dict_row

from kasparro.store.connection import Connection

_PREFIX = "ksp"


class Scope(StrEnum):
    """What a key allows; each includes those before it."""

    READ = "read"
    RUN = "run"
    ADMIN = "admin"

    def allows(self, wanted: "Scope") -> bool:
        """Whether a key of this scope may do what needs `wanted`."""
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


class KeptKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. Times are UTC."""

    key_id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    sha256: bytes

    def usable(self, now: datetime) -> bool:
        """Whether it opens anything at `now` (aware)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = ", ".join(KeptKey.__struct_fields__)
_USABLE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"


async def create_key(connection: Connection, *, name: str, scope: Scope, expires_at: datetime | None = None) -> str:
    """Make a key; its plaintext, which nobody can ever read again. `expires_at` is aware."""
    key_id = secrets.token_hex(6)
    plaintext = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    await connection.execute(
        "INSERT INTO api_keys (key_id, name, sha256, scope, expires_at) VALUES (%s, %s, %s, %s, %s)",
        (key_id, name, digest(plaintext), scope.value, expires_at),
    )
    return plaintext


async def list_keys(connection: Connection) -> list[KeptKey]:
    """All keys that ever were, oldest first."""
    return await _read(connection, "true")


async def load_keys(connection: Connection) -> list[KeptKey]:
    """The keys that are neither revoked nor expired, for `authorise`."""
    return await _read(connection, _USABLE)


async def revoke_key(connection: Connection, key_id: str) -> bool:
    """Make a key useless from now on; False when there is none of this id. Revoking twice changes nothing."""
    cursor = await connection.execute(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE key_id = %s", (key_id,)
    )
    return cursor.rowcount == 1


def authorise(presented: str, keys: Iterable[KeptKey], now: datetime, admin_key: str | None) -> Scope | None:
    """The scope of a presented key, None when it opens nothing. `admin_key` is API_ADMIN_KEY's value.

    Every key is compared, and in constant time, so that how long it takes tells nothing.
    """
    shown = digest(presented)
    found: Scope | None = None
    for key in keys:
        if hmac.compare_digest(shown, key.sha256) and key.usable(now):
            found = key.scope
    if admin_key is not None and hmac.compare_digest(shown, digest(admin_key)):
        found = Scope.ADMIN
    return found


async def _read(connection: Connection, condition: str) -> list[KeptKey]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM api_keys WHERE {condition} ORDER BY created_at".encode())
        return msgspec.convert(await cursor.fetchall(), list[KeptKey])


def digest(text: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
