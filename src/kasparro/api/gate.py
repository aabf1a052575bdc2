"""The gate: who may do what, by bearer key."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from kasparro.api.desk import Desk
from kasparro.api.exchange import Current, Exchange
from kasparro.api.passes import COOKIE, issue, opens
from kasparro.api.problems import Problem
from kasparro.store.keys import KeptKey, Scope, authorise, digest, load_keys

OPEN = ("/", "/livez", "/readyz", "/health", "/openapi.json", "/docs")
"""What needs no key even where reading does."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kasparro"'}


class Gate:
    """`closed` when reading needs a key too. `exposed` when others than this machine can reach us: then a key must
    exist before anything can be changed."""

    def __init__(self, desk: Desk, *, exposed: bool) -> None:
        settings = desk.settings
        self.closed = settings.api_require_key
        self.caching = "private, no-cache" if self.closed else "no-cache"
        self._desk = desk
        self._admin_key = settings.api_admin_key.get_secret_value() if settings.api_admin_key else None
        self._exposed = exposed
        self._keys: list[KeptKey] = []
        self._known_at = -1

    async def admit_reader(self, exchange: Exchange, path: str) -> None:
        """Let a reader in who needs a key. Raises Problem. Pages are let in: they ask `admits` themselves."""
        if path in OPEN or path.startswith(("/docs/", "/dashboard/")) or path == "/dashboard":
            return
        if exchange.method not in ("GET", "HEAD") or not await self._has_pass(exchange):
            await self.require(exchange, Scope.READ)

    async def admits(self, exchange: Exchange) -> bool:
        """Whether who asks may read: everybody, or who has a key or a pass."""
        if not self.closed or await self._has_pass(exchange):
            return True
        try:
            await self.require(exchange, Scope.READ)
        except Problem:
            return False
        return True

    def issue_pass(self, exchange: Exchange) -> str:
        """A pass for the key that the exchange presents, which `require` has let in."""
        _, _, presented = (exchange.headers.get("authorization") or "").partition(" ")
        return issue(digest(presented.strip()), datetime.now(UTC))

    async def _has_pass(self, exchange: Exchange) -> bool:
        name = f"{COOKIE}="
        cookies = (exchange.headers.get("cookie") or "").split(";")
        shown = next((one.strip()[len(name) :] for one in cookies if one.strip().startswith(name)), None)
        if shown is None:
            return False
        now = datetime.now(UTC)
        digests = [key.sha256 for key in await self._known_keys(exchange) if key.usable(now)]
        if self._admin_key is not None:
            digests.append(digest(self._admin_key))
        return opens(shown, digests, now)

    async def _known_keys(self, exchange: Exchange) -> list[KeptKey]:
        activity = (await self._desk.stamp(exchange)).activity
        if activity != self._known_at:
            async with self._desk.reader.connection() as connection:
                self._keys = await load_keys(connection)
            self._known_at = activity
        return self._keys

    async def require(self, exchange: Exchange, scope: Scope) -> None:
        """Let whoever presents a key of `scope` or more do something. Raises Problem: 401 or 403."""
        keys = await self._known_keys(exchange)
        if self._exposed and not keys and self._admin_key is None:
            refused = "read" if scope is Scope.READ else "changed"
            raise Problem(
                403, f"This server can be reached from elsewhere and no key exists, so nothing can be {refused}. "
                f"Make one with `kasparro key create --scope {scope}`",
            )  # fmt: skip
        kind, _, presented = (exchange.headers.get("authorization") or "").partition(" ")
        if kind.lower() != "bearer" or not presented.strip():
            raise Problem(401, "This needs a key: send `Authorization: Bearer KEY`", headers=_CHALLENGE)
        granted = authorise(presented.strip(), keys, datetime.now(UTC), self._admin_key)
        if granted is None:
            raise Problem(401, "This key is unknown, expired or revoked", headers=_CHALLENGE)
        if not granted.allows(scope):
            raise Problem(403, f"This key's scope is {granted}; this needs {scope}")


bearer = HTTPBearer(auto_error=False, description="A key made by `kasparro key create`", scheme_name="key")


def needs(scope: Scope) -> Any:
    """A dependency that lets only keys of `scope` or more pass; a route that changes something must have it."""

    async def admit(request: Request, exchange: Current, shown: Annotated[object, Depends(bearer)]) -> None:
        await request.app.state.gate.require(exchange, scope)

    admit.__name__ = f"needs_{scope}"
    return Depends(admit)
