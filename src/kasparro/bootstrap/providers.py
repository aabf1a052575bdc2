"""The sources, as the settings have them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kasparro.bootstrap.database import Database
from kasparro.config import SettingError, Settings
from kasparro.sources.contract import Source
from kasparro.sources.politeness import Politeness
from kasparro.sources.registry import builders
from kasparro.store import quota
from kasparro.store.kept import KeptConnection

if TYPE_CHECKING:
    from kasparro.sources.client import PoliteClient, Spend

_COUNT_SECONDS = 30.0


@asynccontextmanager
async def open_sources(settings: Settings, database: Database, names: tuple[str, ...]) -> AsyncIterator[list[Source]]:
    """The sources called `names`, ready to plan and fetch; their calls are counted in the ledger's quota."""
    # A call lost from the count when the whole server crashes matters less than a disk sync a call.
    counter = KeptConnection(database.url, more="-c synchronous_commit=off", timeout=_COUNT_SECONDS)

    async def spend(source: str, limit: int | None) -> bool:
        async with counter.use() as connection:
            return await quota.spend(connection, source, limit)

    try:
        client = partial(_client, settings, spend)
        yield [builders()[name](settings, client) for name in names]
    finally:
        await counter.close()


def source_names(settings: Settings) -> tuple[str, ...]:
    """The sources that ETL_SOURCES names, or all there are. Raises SettingError for one that there isn't."""
    return known_sources(settings.etl_sources or tuple(builders()), "ETL_SOURCES")


def known_sources(names: Sequence[str], given_by: str) -> tuple[str, ...]:
    """`names` without repetition. Raises SettingError, naming `given_by`, for one that there isn't."""
    for name in names:
        if name not in builders():
            raise SettingError(f"{given_by}={name!r} is not accepted: any of {', '.join(builders())}")
    return tuple(dict.fromkeys(names))


def _client(settings: Settings, spend: "Spend", name: str, plan: Politeness) -> "PoliteClient":
    # Most commands call nobody, and needn't wait for what it takes.
    from kasparro.sources.client import PoliteClient

    mine = settings.provider(name)
    if mine.base_url is not None:
        # Another host than the provider's own (a proxy, the sandbox) doesn't use up the plan's month.
        plan = msgspec.structs.replace(plan, root=str(mine.base_url), month_quota=None)
    return PoliteClient(
        name,
        plan,
        cap=(settings.etl_rate_limit_requests, settings.etl_rate_limit_period),
        key=mine.api_key.get_secret_value() if mine.api_key else None,
        spend=spend,
        time_budget=settings.etl_time_budget,
    )
