"""CoinGecko's endpoints over the synthetic market.

Parameters, defaults, limits and statuses follow CoinGecko's published OpenAPI description of its public API.
"""

from collections.abc import Callable, Iterable

from kasparro.sandbox import gecko_charts, gecko_errors, gecko_markets
from kasparro.sandbox.answers import Answer, array, counted, document, quote
from kasparro.sandbox.chains import CHAINS
from kasparro.sandbox.clock import millis_text
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.gecko_errors import plain
from kasparro.sandbox.gecko_query import (
    Query,
    WrongParameter,
    changes,
    currency,
    flag,
    page_headers,
    paging,
    precision,
)
from kasparro.sandbox.market import Market, Ranking, Side
from kasparro.sandbox.rates import SUPPORTED, Rates

_ORDERS = ("market_cap_desc", "market_cap_asc", "volume_desc", "volume_asc", "id_asc", "id_desc")
_IMAGES = "https://coin-images.coingecko.com/asset_platforms/images"


class CoinGecko:
    """Answers CoinGecko requests; `root` is the URL that its links begin with.

    `long_history` lets charts go back more than 365 days.
    """

    def __init__(self, market: Market, root: str, *, long_history: bool) -> None:
        self._market = market
        self._rates = Rates(market)
        self._root = root
        self._long_history = long_history
        self._by_id = {coin.gecko.id: coin for coin in market.universe.gecko if coin.gecko}

    def answer(self, path: str, query: Query, now: float) -> Answer:
        """The answer to GET `path` (below `/api/v3`) at the moment `now`."""
        fixed: dict[str, Callable[[Query, float], Answer]] = {
            "/ping": self._ping,
            "/coins/list": self._list,
            "/coins/markets": self._markets,
            "/asset_platforms": self._platforms,
            "/simple/supported_vs_currencies": self._currencies,
        }
        try:
            if path in fixed:
                return fixed[path](query, now)
            match path.split("/"):
                case ["", "coins", coin_id, "market_chart"]:
                    return self._market_chart(coin_id, query, now)
                case ["", "coins", coin_id, "ohlc"]:
                    return self._ohlc(coin_id, query, now)
        except WrongParameter as wrong:
            return wrong.answer
        return plain(404, "Incorrect path. Please check https://www.coingecko.com/api/")

    def _ping(self, _query: Query, _now: float) -> Answer:
        return document({"gecko_says": "(V3) To the Moon!"})

    def _currencies(self, _query: Query, _now: float) -> Answer:
        return document(SUPPORTED)

    def _list(self, query: Query, _now: float) -> Answer:
        status = query.get("status", "active")
        if status not in ("active", "inactive"):
            raise WrongParameter(400, "invalid status")
        universe = self._market.universe
        coins = universe.gecko if status == "active" else universe.gecko_gone
        with_platforms = flag(query, "include_platform")
        headers = (("Cache-Control", "public, max-age=300"),)
        return array((_list_record(coin, with_platforms) for coin in _by_id(coins)), headers)

    def _markets(self, query: Query, now: float) -> Answer:
        tick = self._market.tick(now)
        code = currency(query)
        order = query.get("order", "market_cap_desc")
        if order not in _ORDERS:
            raise WrongParameter(400, "invalid order")
        per_page, page = paging(query)
        view = gecko_markets.View(
            tick=tick,
            rate=self._rates.per_dollar(code, tick),
            precision=precision(query),
            changes=changes(query),
            sparkline=flag(query, "sparkline"),
            rehypothecated=flag(query, "include_rehypothecated"),
        )
        ranking = self._market.ranking(Side.GECKO, tick)
        coins = self._ordered(self._chosen(query, ranking), order, tick)
        start = (page - 1) * per_page
        records = (
            gecko_markets.record(self._market, coin, ranking.rank.get(coin.index), view)
            for coin in coins[start : start + per_page]
        )
        return array(records, page_headers(self._root, query, len(coins), per_page, page))

    def _chosen(self, query: Query, ranking: Ranking) -> list[Coin]:
        """The coins asked for, by the published priority: category, then ids, names, symbols."""
        if "category" in query:
            raise WrongParameter(404, "category not found")
        coins = list(ranking.coins)
        if query.get("ids"):
            wanted = set(query["ids"].split(","))
            return [coin for coin in coins if coin.gecko and coin.gecko.id in wanted]
        if query.get("names"):
            wanted = {name.casefold() for name in query["names"].split(",")}
            return [coin for coin in coins if coin.gecko and coin.gecko.name.casefold() in wanted]
        if query.get("symbols"):
            return _with_symbols(coins, query["symbols"], every=query.get("include_tokens") == "all")
        return coins

    def _ordered(self, coins: list[Coin], order: str, tick: int) -> list[Coin]:
        key, _, direction = order.rpartition("_")
        if key == "id":
            coins = _by_id(coins)
        elif key == "volume":
            coins = sorted(coins, key=lambda coin: (self._market.volume(coin, tick), coin.index))
        else:
            direction = "asc" if direction == "desc" else "desc"
        return coins if direction == "asc" else coins[::-1]

    def _market_chart(self, coin_id: str, query: Query, now: float) -> Answer:
        coin = self._coin(coin_id)
        rate = self._rates.per_dollar(currency(query), now)
        asked = query.get("days")
        if asked is None:
            raise WrongParameter(422, "Missing parameter days")
        most = int(now - coin.since) // 86_400
        days = most if asked == "max" else counted(asked, 1, 1_000_000)
        if days is None:
            raise WrongParameter(400, "invalid days")
        if days > 365 and not self._long_history:
            return gecko_errors.coded(401, 10012, millis_text(now))
        interval = query.get("interval", "")
        if interval not in ("", "daily"):
            return gecko_errors.coded(401, 10005, millis_text(now))
        return gecko_charts.market_chart(
            self._market, coin, now, days=max(1, min(days, most)), daily=interval == "daily", rate=rate
        )

    def _ohlc(self, coin_id: str, query: Query, now: float) -> Answer:
        coin = self._coin(coin_id)
        rate = self._rates.per_dollar(currency(query), now)
        days = query.get("days", "")
        if days not in map(str, gecko_charts.OHLC_DAYS):
            raise WrongParameter(422 if not days else 400, "Missing parameter days" if not days else "invalid days")
        return gecko_charts.ohlc(self._market, coin, now, int(days), rate)

    def _platforms(self, _query: Query, _now: float) -> Answer:
        return document(
            [
                {
                    "id": chain.gecko,
                    "chain_identifier": chain.number,
                    "name": chain.name,
                    "shortname": chain.name if chain.number is None else "",
                    "native_coin_id": chain.native,
                    "image": {
                        size: f"{_IMAGES}/{place}/{size}/{chain.gecko}.png" for size in ("thumb", "small", "large")
                    },
                }
                for place, chain in enumerate(CHAINS, start=1)
            ]
        )

    def _coin(self, coin_id: str) -> Coin:
        if coin_id not in self._by_id:
            raise WrongParameter(404, "coin not found")
        return self._by_id[coin_id]


def _by_id(coins: Iterable[Coin]) -> list[Coin]:
    return sorted(coins, key=lambda coin: coin.gecko.id if coin.gecko else "")


def _with_symbols(coins: list[Coin], symbols: str, *, every: bool) -> list[Coin]:
    wanted = set(symbols.lower().split(","))
    found = []
    for coin in coins:
        if coin.gecko and coin.gecko.symbol in wanted:
            found.append(coin)
            if not every:
                wanted.remove(coin.gecko.symbol)
    return found


def _list_record(coin: Coin, with_platforms: bool) -> bytes:
    listing = coin.gecko
    assert listing is not None
    text = f'{{"id":{quote(listing.id)},"symbol":{quote(listing.symbol)},"name":{quote(listing.name)}'
    if with_platforms:
        pairs = []
        for chain, address in coin.contracts:
            # In one of a hundred the address is missing, as null or as an empty text.
            oddity = coin.chance(6)
            shown = "null" if oddity < 0.002 else '""' if oddity < 0.01 else quote(address)
            pairs.append(f"{quote(chain.gecko)}:{shown}")
        text += f',"platforms":{{{",".join(pairs)}}}'
    return f"{text}}}".encode()
