"""What CoinGecko makes of the parameters of a request."""

from collections.abc import Mapping
from urllib.parse import urlencode

from kasparro.sandbox import gecko_markets
from kasparro.sandbox.answers import counted
from kasparro.sandbox.gecko_errors import plain
from kasparro.sandbox.rates import SUPPORTED

MOST_PER_PAGE = 250
_PRECISIONS = ("full", *map(str, range(19)))

Query = Mapping[str, str]


class WrongParameter(Exception):
    """Carries the answer that a wrong parameter gets."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = plain(status, message)


def currency(query: Query) -> str:
    """The vs_currency, lower case. Raises WrongParameter when it is missing (422) or not supported (400)."""
    code = query.get("vs_currency", "").lower()
    if not code:
        raise WrongParameter(422, "Missing parameter vs_currency")
    if code not in SUPPORTED:
        raise WrongParameter(400, "invalid vs_currency")
    return code


def paging(query: Query) -> tuple[int, int]:
    """`per_page` (default 100; more than 250 is cut to that) and `page` (default 1).

    Raises WrongParameter for anything but whole numbers from 1.
    """
    numbers = []
    for name, default in (("per_page", "100"), ("page", "1")):
        number = counted(query.get(name, default), 1, 1_000_000)
        if number is None:
            raise WrongParameter(400, f"invalid {name}")
        numbers.append(number)
    return min(numbers[0], MOST_PER_PAGE), numbers[1]


def page_headers(root: str, query: Query, total: int, per_page: int, page: int) -> tuple[tuple[str, str], ...]:
    """`total`, `per-page` and `link`, as CoinGecko sends them with a page."""
    last = max(1, -(-total // per_page))
    wanted = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    links = []
    for name, number in wanted.items():
        if 1 <= number <= last and number != page:
            address = f"{root}/coins/markets?{urlencode({**query, 'page': str(number)})}"
            links.append(f'<{address}>; rel="{name}"')
    headers = [("total", str(total)), ("per-page", str(per_page)), ("Cache-Control", "public, max-age=120")]
    if links:
        headers.append(("link", ", ".join(links)))
    return tuple(headers)


def flag(query: Query, name: str) -> bool:
    """Whether a parameter says true."""
    return query.get(name, "").lower() == "true"


def precision(query: Query) -> str | None:
    """`full` or a number of places, None if CoinGecko is to choose. Raises WrongParameter."""
    asked = query.get("precision")
    if asked is not None and asked not in _PRECISIONS:
        raise WrongParameter(400, "invalid precision")
    return asked


def changes(query: Query) -> tuple[str, ...]:
    """The spans that percentages are asked for. Raises WrongParameter."""
    names = tuple(name for name in query.get("price_change_percentage", "").split(",") if name)
    if not set(names) <= gecko_markets.CHANGES.keys():
        raise WrongParameter(400, "invalid price_change_percentage")
    return names
