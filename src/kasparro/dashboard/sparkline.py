"""Sparklines: the last prices of a listing as a line of a few pixels."""

from collections.abc import Sequence
from math import log

from markupsafe import Markup

WIDTH = 96
HEIGHT = 28
_EDGE = 2.0
_LINE = Markup(
    '<svg class="spark {}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
    '<polyline points="{}"/></svg>'
)


def sparkline(prices: Sequence[float]) -> Markup:
    """The line through `prices`, evenly spaced; nothing where there are fewer than two."""
    if len(prices) < 2:
        return Markup("")
    # A coin's price can fall a millionfold: what counts is by how much it changed.
    heights = [log(price) for price in prices] if min(prices) > 0 else list(prices)
    low, high = min(heights), max(heights)
    scale = (HEIGHT - 2 * _EDGE) / (high - low) if high > low else 0.0
    step = (WIDTH - 2 * _EDGE) / (len(prices) - 1)
    points = " ".join(
        f"{_EDGE + place * step:.1f},{HEIGHT - _EDGE - (height - low) * scale if scale else HEIGHT / 2:.1f}"
        for place, height in enumerate(heights)
    )
    side = "up" if prices[-1] > prices[0] else "down" if prices[-1] < prices[0] else "flat"
    told = f"the last {len(prices)} prices, {'rising' if side == 'up' else 'falling' if side == 'down' else 'level'}"
    return _LINE.format(side, WIDTH, HEIGHT, WIDTH, HEIGHT, told, points)
