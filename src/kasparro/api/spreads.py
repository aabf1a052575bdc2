"""Spreads as the API shows them: the two sources of an asset that are farthest apart."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from kasparro.api.views import plain
from kasparro.market.disagreement import Side, Spread
from kasparro.market.row import Row
from kasparro.market.snapshot import Snapshot


class SideView(BaseModel):
    """What one source says."""

    source: str = Field(description="The source", examples=["coingecko"])
    crypto_id: str = Field(description="The coin's id there", examples=["bitcoin"])
    value: float = Field(description="What it says, in US dollars", examples=[64123.5])
    observed_at: datetime = Field(description="The moment of its quote by its own clock, UTC")


class SpreadView(BaseModel):
    """How far the sources are apart: those two whose fresh quotes differ most, of those observed within 15 minutes."""

    difference_percent: float = Field(
        description="How far the highest is above the lowest, in percent of the lowest", examples=[0.35]
    )
    lowest: SideView = Field(description="Who says least")
    highest: SideView = Field(description="Who says most")
    observed_at: datetime = Field(description="The later of both observations, UTC")
    sources: int = Field(description="How many sources could be compared", examples=[3])


def told(spread: Spread, snapshot: Snapshot) -> dict[str, Any]:
    """A spread as a SpreadView's members."""
    return {
        "difference_percent": plain(spread.difference_percent), "lowest": _side(spread.lowest, snapshot),
        "highest": _side(spread.highest, snapshot), "observed_at": spread.observed_at, "sources": spread.sources,
    }  # fmt: skip


def _side(side: Side, snapshot: Snapshot) -> dict[str, Any]:
    row = snapshot.row(side.listing_id)
    assert isinstance(row, Row)
    return {
        "source": side.source,
        "crypto_id": row.crypto_id,
        "value": plain(side.value),
        "observed_at": side.observed_at,
    }
