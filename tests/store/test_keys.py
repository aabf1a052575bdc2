"""Keys: read once, kept as a digest, and worth nothing when revoked or expired."""

from datetime import UTC, datetime, timedelta

import pytest

from kasparro.store.connection import Connection
from kasparro.store.keys import KeptKey, Scope, authorise, create_key, list_keys, load_keys, revoke_key
from tests.ingest.looking import rows

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ADMIN = "an-admin-key-of-the-environment"


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_opens_what_its_scope_says(connection: Connection, scope: Scope) -> None:
    key = await create_key(connection, name="mine", scope=scope)
    [kept] = await load_keys(connection)
    assert (kept.name, kept.scope, kept.expires_at, kept.revoked_at) == ("mine", scope, None, None)
    assert key.startswith(f"ksp_{kept.key_id}_")
    assert authorise(key, [kept], NOW, None) is scope


async def test_the_plaintext_is_nowhere_in_the_database(connection: Connection) -> None:
    key = await create_key(connection, name="mine", scope=Scope.RUN)
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43
    [(row,)] = await rows(connection, "SELECT to_jsonb(api_keys)::text FROM api_keys")
    assert secret not in row


async def test_each_key_is_another(connection: Connection) -> None:
    made = [await create_key(connection, name="same", scope=Scope.READ) for _ in range(20)]
    assert len(set(made)) == len(await list_keys(connection)) == 20


async def test_any_other_text_opens_nothing(connection: Connection) -> None:
    key = await create_key(connection, name="mine", scope=Scope.ADMIN)
    kept = await load_keys(connection)
    for wrong in ("", key[:-1], key + "x", key.upper(), f" {key}", kept[0].key_id, kept[0].sha256.hex(), "é\udcff\x00"):
        assert authorise(wrong, kept, NOW, ADMIN) is None


async def test_a_revoked_key_opens_nothing_and_stays_listed(connection: Connection) -> None:
    key = await create_key(connection, name="mine", scope=Scope.ADMIN)
    before = await load_keys(connection)
    assert await revoke_key(connection, before[0].key_id)
    [listed] = await list_keys(connection)
    assert listed.revoked_at is not None
    assert authorise(key, [listed], NOW, None) is None
    assert await load_keys(connection) == []
    assert await revoke_key(connection, listed.key_id)
    assert (await list_keys(connection))[0].revoked_at == listed.revoked_at
    assert not await revoke_key(connection, "nobody")


async def test_a_key_ends_with_its_time_also_where_it_is_remembered(connection: Connection) -> None:
    key = await create_key(connection, name="short", scope=Scope.RUN, expires_at=NOW + HOUR)
    kept = await load_keys(connection)
    assert authorise(key, kept, NOW, None) is Scope.RUN
    assert authorise(key, kept, NOW + HOUR, None) is None
    await create_key(connection, name="over", scope=Scope.RUN, expires_at=NOW - HOUR)
    assert [each.name for each in await load_keys(connection)] == ["short"]
    assert [each.name for each in await list_keys(connection)] == ["short", "over"]


def test_the_key_of_the_environment_is_an_admins() -> None:
    assert authorise(ADMIN, [], NOW, ADMIN) is Scope.ADMIN
    assert authorise(ADMIN, [], NOW, None) is None
    assert authorise("", [], NOW, ADMIN) is None


async def test_every_key_is_compared_whatever_was_found(connection: Connection) -> None:
    key = await create_key(connection, name="first", scope=Scope.READ)
    for _ in range(3):
        await create_key(connection, name="more", scope=Scope.ADMIN)
    looked_at: list[str] = []

    def watched() -> object:
        for kept in keys:
            looked_at.append(kept.key_id)
            yield kept

    keys: list[KeptKey] = await load_keys(connection)
    assert authorise(key, watched(), NOW, ADMIN) is Scope.READ  # type: ignore[arg-type]
    assert len(looked_at) == 4


def test_a_scope_includes_those_below() -> None:
    allowed = {(mine.value, wanted.value) for mine in Scope for wanted in Scope if mine.allows(wanted)}
    assert allowed == {
        ("read", "read"), ("run", "read"), ("run", "run"), ("admin", "read"), ("admin", "run"), ("admin", "admin"),
    }  # fmt: skip
