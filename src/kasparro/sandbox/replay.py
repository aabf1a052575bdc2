"""Both providers' endpoints over recorded payloads: every record goes out as the bytes it came in."""

import re

from kasparro.sandbox import coinpaprika, gecko_query
from kasparro.sandbox.answers import RECORDED, Answer, array, counted, document
from kasparro.sandbox.gecko_errors import plain
from kasparro.sandbox.gecko_query import Query, WrongParameter
from kasparro.sandbox.rates import SUPPORTED
from kasparro.sandbox.recorded import Kind, Library, identity

_NO_RECORDING = "the sandbox has no recording of this endpoint"


class RecordedCoinGecko:
    """Answers CoinGecko requests from recordings.

    The currency asked for is checked, but the recorded one is sent; `root` is the URL that links begin with.
    """

    def __init__(self, library: Library, root: str) -> None:
        self._library = library
        self._root = root
        markets = library.of(Kind.MARKETS)
        self._pages = [(identity(record), record) for record in markets[0].records] if markets else None

    def answer(self, path: str, query: Query, _now: float) -> Answer:
        """The answer to GET `path` (below `/api/v3`)."""
        try:
            match path.split("/"):
                case ["", "ping"]:
                    answer = document({"gecko_says": "(V3) To the Moon!"})
                case ["", "simple", "supported_vs_currencies"]:
                    answer = document(SUPPORTED)
                case ["", "coins", "list"]:
                    answer = self._list(query)
                case ["", "coins", "markets"] if self._pages is not None:
                    answer = self._markets(self._pages, query)
                case ["", "coins", coin_id, "market_chart"]:
                    answer = self._market_chart(coin_id, query)
                case _:
                    answer = plain(404, _NO_RECORDING)
        except WrongParameter as wrong:
            answer = wrong.answer
        return answer

    def _list(self, query: Query) -> Answer:
        kinds = [Kind.COIN_LIST, Kind.PLATFORM_LIST]
        if query.get("include_platform", "").lower() == "true":
            kinds.reverse()
        recordings = self._library.of(kinds[0]) or self._library.of(kinds[1])
        return array(recordings[0].records, origin=RECORDED) if recordings else plain(404, _NO_RECORDING)

    def _markets(self, recorded: list[tuple[str, bytes]], query: Query) -> Answer:
        gecko_query.currency(query)
        per_page, page = gecko_query.paging(query)
        coins = list(recorded)
        if query.get("ids"):
            wanted = set(query["ids"].split(","))
            coins = [coin for coin in coins if coin[0] in wanted]
        order = query.get("order", "")
        if order.startswith("id_"):
            coins.sort(key=lambda coin: coin[0], reverse=order == "id_desc")
        elif order == "market_cap_asc":
            coins.reverse()
        headers = gecko_query.page_headers(self._root, query, len(coins), per_page, page)
        shown = coins[(page - 1) * per_page : page * per_page]
        return array((record for _, record in shown), headers, RECORDED)

    def _market_chart(self, coin_id: str, query: Query) -> Answer:
        gecko_query.currency(query)
        # A chart doesn't say whose it is: only the name of its file does.
        named = re.compile(rf"(?<![A-Za-z0-9-]){re.escape(coin_id)}(?![A-Za-z0-9-])")
        for recording in self._library.of(Kind.MARKET_CHART):
            if named.search(recording.file.replace("_", " ")):
                return Answer(200, recording.records[0], origin=RECORDED)
        return plain(404, "coin not found")


class RecordedCoinPaprika:
    """Answers CoinPaprika requests from recordings; always in the recorded quotes."""

    def __init__(self, library: Library) -> None:
        lists, singles, coins = (library.of(kind) for kind in (Kind.TICKERS, Kind.TICKER, Kind.COINS))
        self._coins = coins[0].records if coins else None
        loose = tuple(recording.records[0] for recording in singles)
        self._tickers = lists[0].records if lists else loose
        self._by_id = {identity(record): record for record in reversed((*self._tickers, *loose))}

    def answer(self, path: str, query: Query, _now: float) -> Answer:
        """The answer to GET `path` (below `/v1`)."""
        match path.split("/"):
            case ["", "coins"] if self._coins:
                return array(self._coins, origin=RECORDED)
            case ["", "tickers"] if self._tickers:
                limit = counted(query.get("limit", ""), 0, len(self._tickers))
                return array(self._tickers[:limit], origin=RECORDED)
            case ["", "tickers", coin_id] if self._tickers:
                if coin_id in self._by_id:
                    return Answer(200, self._by_id[coin_id], origin=RECORDED)
                return coinpaprika.error(404, coinpaprika.ID_NOT_FOUND)
            case ["", "contracts"]:
                # A list of no chains is true of what was recorded, and lets everything else be tried.
                return array((), origin=RECORDED)
        return coinpaprika.error(404, _NO_RECORDING)
