"""Quota: how many calls a month each source's plan allows, as the settings have it."""

from contextlib import suppress
from typing import NoReturn

from kasparro.config import Settings
from kasparro.sources.politeness import Politeness
from kasparro.sources.registry import builders


class _Known(Exception):
    """The plan is known, and no client is wanted."""


def quotas(settings: Settings) -> dict[str, int | None]:
    """source -> calls of a month; None where no limit is known, as for another host than the provider's own."""
    found: dict[str, int | None] = dict.fromkeys(builders())

    def client(name: str, plan: Politeness) -> NoReturn:
        found[name] = None if settings.provider(name).base_url else plan.month_quota
        raise _Known

    for build in builders().values():
        with suppress(_Known):
            build(settings, client)
    return found
