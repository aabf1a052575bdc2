"""CoinPaprika's endpoints over the synthetic market.

Parameters, defaults, limits and statuses follow CoinPaprika's published OpenAPI description.
"""

from collections.abc import Mapping

from kasparro.sandbox import paprika_tickers
from kasparro.sandbox.answers import Answer, array, counted, document, quote
from kasparro.sandbox.chains import CHAINS
from kasparro.sandbox.clock import seconds_text
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market, Side
from kasparro.sandbox.noise import DAY, mix
from kasparro.sandbox.paprika_history import historical
from kasparro.sandbox.paprika_tickers import Quote
from kasparro.sandbox.rates import PAPRIKA_QUOTES, Rates

FREE_ASSETS = 2_000
MOST_QUOTES = 3

Query = Mapping[str, str]


def error(status: int, message: str) -> Answer:
    """CoinPaprika's one error shape."""
    return document({"error": message}, status)


ID_NOT_FOUND = "id not found"
LIMIT_REACHED = "you have reached maximum request limit"
PLAN_TOO_SMALL = "this endpoint is not allowed in this plan. Check plans on coinpaprika.com/api"


def of_status(status: int) -> Answer:
    """The body that a bare status carries."""
    texts = {
        400: "invalid parameters",
        402: PLAN_TOO_SMALL,
        403: "invalid API key",
        404: ID_NOT_FOUND,
        429: LIMIT_REACHED,
        500: "internal server error",
    }
    return error(status, texts.get(status, "error"))


class CoinPaprika:
    """Answers CoinPaprika requests; `root` is the URL that redirects begin with.

    `paid` shows what a paid plan shows: all assets, circulating supplies, all of history, mappings.
    """

    def __init__(self, market: Market, root: str, *, paid: bool) -> None:
        self._market = market
        self._rates = Rates(market)
        self._root = root
        self._paid = paid
        universe = market.universe
        self._by_id = {coin.paprika.id: coin for coin in universe.paprika if coin.paprika}
        self._by_address = {
            (chain.paprika, _folded(address)): coin
            for coin in (*universe.paprika_gone, *universe.paprika)
            for chain, address in coin.contracts
            if chain.paprika
        }

    def answer(self, path: str, query: Query, now: float) -> Answer:
        """The answer to GET `path` (below `/v1`) at the moment `now`."""
        match path.split("/"):
            case ["", "coins"]:
                answer = self._coins(now)
            case ["", "coins", "mappings"]:
                answer = self._mappings(query, now)
            case ["", "tickers"]:
                answer = self._tickers(query, now)
            case ["", "tickers", coin_id]:
                answer = self._ticker(coin_id, query, now)
            case ["", "tickers", coin_id, "historical"]:
                answer = self._historical(coin_id, query, now)
            case ["", "contracts"]:
                return document([chain.paprika for chain in CHAINS if chain.paprika])
            case ["", "contracts", platform]:
                answer = self._contracts(platform)
            case ["", "contracts", platform, address]:
                answer = self._redirect(platform, address)
            case _:
                answer = error(404, "endpoint not found")
        return answer

    def _coins(self, now: float) -> Answer:
        rank = self._market.ranking(Side.PAPRIKA, self._market.tick(now)).rank
        universe = self._market.universe
        active = (_coin_record(coin, rank.get(coin.index, 0), now, active=True) for coin in universe.paprika)
        gone = (_coin_record(coin, 0, now, active=False) for coin in universe.paprika_gone)
        return array((*active, *gone))

    def _tickers(self, query: Query, now: float) -> Answer:
        tick = self._market.tick(now)
        quotes = self._quotes(query, tick)
        if isinstance(quotes, Answer):
            return quotes
        ranking = self._market.ranking(Side.PAPRIKA, tick)
        coins = ranking.coins if self._paid else ranking.coins[:FREE_ASSETS]
        coins = coins[: counted(query.get("limit", ""), 0, len(coins))]
        # The contract promises no order; a client that counts on ranks coming sorted is found out here.
        shuffled = sorted(coins, key=lambda coin: mix(coin.index, coin.traits))
        return array(
            paprika_tickers.record(self._market, coin, ranking.rank.get(coin.index), tick, quotes, paid=self._paid)
            for coin in shuffled
        )

    def _ticker(self, coin_id: str, query: Query, now: float) -> Answer:
        coin = self._by_id.get(coin_id)
        tick = self._market.tick(now)
        quotes = self._quotes(query, tick)
        if isinstance(quotes, Answer):
            return quotes
        if coin is None:
            return error(404, ID_NOT_FOUND)
        rank = self._market.ranking(Side.PAPRIKA, tick).rank.get(coin.index)
        return Answer(200, paprika_tickers.record(self._market, coin, rank, tick, quotes, paid=self._paid))

    def _historical(self, coin_id: str, query: Query, now: float) -> Answer:
        if coin_id not in self._by_id:
            return error(404, ID_NOT_FOUND)
        code = query.get("quote", "usd")
        rate = self._rates.per_dollar(code, now) if code in ("usd", "btc") else None
        return historical(self._market, self._by_id[coin_id], query, now, rate, paid=self._paid)

    def _quotes(self, query: Query, tick: int) -> tuple[Quote, ...] | Answer:
        codes = dict.fromkeys(query.get("quotes", "USD").upper().split(","))
        if len(codes) > MOST_QUOTES or not codes.keys() <= set(PAPRIKA_QUOTES):
            return error(400, "invalid parameters")
        return tuple(Quote(code, self._rates.per_dollar(code.lower(), tick)) for code in codes)

    def _contracts(self, platform: str) -> Answer:
        if platform not in (chain.paprika for chain in CHAINS):
            return error(404, ID_NOT_FOUND)
        universe = self._market.universe
        return array(
            f'{{"address":{quote(address)},"type":"{chain.kind}",'
            f'"id":{quote(coin.paprika.id)},"active":{str(active).lower()}}}'.encode()
            for coins, active in ((universe.paprika, True), (universe.paprika_gone, False))
            for coin in coins
            for chain, address in coin.contracts
            if chain.paprika == platform and coin.paprika
        )

    def _redirect(self, platform: str, address: str) -> Answer:
        coin = self._by_address.get((platform, _folded(address)))
        if coin is None or coin.paprika is None:
            return error(404, ID_NOT_FOUND)
        return Answer(301, b"", (("Location", f"{self._root}/tickers/{coin.paprika.id}"),))

    def _mappings(self, query: Query, now: float) -> Answer:
        if not self._paid:
            return error(402, PLAN_TOO_SMALL)
        known = {"coinpaprika", "coingecko", "coinmarketcap", "cryptocompare", "isin", "dti"}
        if len(query.keys() & known) != 1:
            return error(400, "invalid parameters")
        side, wanted = next(iter((name, query[name]) for name in query if name in known))
        found = [
            coin for coin in self._market.universe.paprika if coin.paprika and coin.gecko and wanted in _ids(coin, side)
        ]
        return document([_mapping(coin, now) for coin in found])


def _folded(address: str) -> str:
    """An EVM address is the same in either case; elsewhere case counts."""
    return address.lower() if address.startswith("0x") else address


def _ids(coin: Coin, side: str) -> tuple[str, ...]:
    listing = {"coinpaprika": coin.paprika, "coingecko": coin.gecko}.get(side)
    if listing is not None:
        return (listing.id,)
    return (str(coin.index + 1),) if side in ("coinmarketcap", "cryptocompare") else ()


def _mapping(coin: Coin, now: float) -> dict[str, str]:
    return {
        "coinpaprika": coin.paprika.id if coin.paprika else "",
        "coinmarketcap": str(coin.index + 1),
        "coingecko": coin.gecko.id if coin.gecko else "",
        "cryptocompare": str(coin.index + 1),
        "isin": "",
        "dti": "",
        "updated_at": seconds_text(now // DAY * DAY),
    }


def _coin_record(coin: Coin, rank: int, now: float, *, active: bool) -> bytes:
    listing = coin.paprika
    assert listing is not None
    new = str(0 <= now - coin.since < 5 * DAY).lower()
    kind = "token" if coin.contracts else "coin"
    return (
        f'{{"id":{quote(listing.id)},"name":{quote(listing.name)},"symbol":{quote(listing.symbol)},'
        f'"rank":{rank},"is_new":{new},"is_active":{str(active).lower()},"type":"{kind}"}}'
    ).encode()
