"""What follows a run's steps. It reads what is committed: it never makes a run fail."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from importlib import import_module

import msgspec
import structlog

from kasparro.errors import KasparroError
from kasparro.ingest.examined import Examined
from kasparro.ingest.identity import settle_identity
from kasparro.store.errors import DatabaseError, explain
from kasparro.store.identity.links import Resolved

log = structlog.stdlib.get_logger(__name__)

_FEW = 5_000
"""Coins up to which what examines is loaded beside identity."""


class Settled(msgspec.Struct, frozen=True):
    """What followed: `identity` is what was decided of listings, None when that failed (the next run does it);
    `anomalies` what is odd about the run, None when it could not be examined."""

    identity: Resolved | None = None
    anomalies: Examined | None = None


async def settle(url: str, run_id: int, met: Mapping[str, Collection[str]]) -> Settled:
    """Decide which assets the listings belong to that run `run_id` brought or changed, and look for what is odd.

    `met` are the coins that each source's answers told of, news or not.
    """
    _, identity = await asyncio.gather(_load(met), link_listings(url, run_id))
    return Settled(identity, await _examine(url, run_id, met))


async def _load(met: Mapping[str, Collection[str]]) -> None:
    """Load what examines, while identity waits for the database: that takes a tenth of a second.

    Not beside a large run's identity, whose memory is the most that a run ever needs.
    """
    if sum(map(len, met.values())) < _FEW:
        with suppress(ImportError):  # told below, when it's needed
            await asyncio.to_thread(import_module, "kasparro.ingest.examine")


async def link_listings(url: str, run_id: int) -> Resolved | None:
    """Decide which assets the listings belong to that run `run_id` brought or changed; None when that failed."""
    try:
        return await asyncio.to_thread(settle_identity, url, run_id=run_id)
    except Exception as error:
        _tell("identity_not_settled", error)
        return None


async def _examine(url: str, run_id: int, met: Mapping[str, Collection[str]]) -> Examined | None:
    try:
        # Only here is numpy needed: a tenth of a second and 16 MB that other commands are spared.
        from kasparro.ingest.examine import examine

        return await examine(url, run_id, met)
    except Exception as error:
        _tell("run_not_examined", error)
        return None


def _tell(event: str, error: Exception) -> None:
    """The data is in the ledger: a fault in what judges it, of ours too, is none of the run."""
    typed = explain(error) or error if isinstance(error, DatabaseError) else error
    told = typed.message if isinstance(typed, KasparroError) else f"{type(error).__name__}: {error}"
    log.error(event, error=told)
    log.debug(f"{event}_at", exc_info=True)
