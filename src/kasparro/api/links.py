"""The links between operations, as the description tells of them: what of one answer leads to which other."""

from typing import Any

_Link = tuple[str, dict[str, str], str]
_RECEIPT = "Where the first quote came from"
_NEXT = "The next page"

_LINKS: dict[str, list[_Link]] = {
    "list_data": [
        ("get_coin", {"crypto_id": "data/0/crypto_id"}, "The first coin"),
        ("get_history", {"crypto_id": "data/0/crypto_id"}, "The first coin's history"),
        ("receipt", {"quote_id": "data/0/id"}, _RECEIPT),
        ("payload", {"quote_id": "data/0/id"}, "The bytes that the first quote was read from"),
        ("list_data", {"cursor": "next_cursor"}, _NEXT),
    ],
    "get_coin": [
        ("get_history", {"crypto_id": "crypto_id", "source": "data_source"}, "Its history"),
        ("receipt", {"quote_id": "id"}, "Where it came from"),
    ],
    "get_history": [
        ("receipt", {"quote_id": "data/0/id"}, _RECEIPT),
        ("get_history", {"crypto_id": "crypto_id", "cursor": "next_cursor"}, _NEXT),
    ],
    "list_assets": [
        ("get_asset", {"asset": "data/0/asset"}, "The first asset, all its listings side by side"),
        ("get_asset_price", {"asset": "data/0/asset"}, "The first asset's consensus price"),
        ("list_assets", {"cursor": "next_cursor"}, _NEXT),
    ],
    "get_asset": [
        ("get_asset_links", {"asset": "asset"}, "Why its listings are one asset"),
        ("get_asset_price", {"asset": "asset"}, "Its consensus price"),
        ("get_history", {"crypto_id": "data/0/crypto_id", "source": "data/0/source"}, "Its first listing's history"),
    ],
    "get_asset_links": [("get_asset_links", {"asset": "asset", "cursor": "next_cursor"}, _NEXT)],
    "get_asset_price": [("get_asset", {"asset": "asset"}, "All its listings side by side")],
    "list_disagreements": [
        ("get_asset", {"asset": "data/0/asset"}, "The first asset, all its listings side by side"),
        ("list_disagreements", {"cursor": "next_cursor"}, _NEXT),
    ],
    "get_universe": [
        ("get_asset", {"asset": "data/0/asset"}, "The first asset, all its listings side by side"),
        ("get_universe", {"cursor": "next_cursor"}, _NEXT),
    ],
    "receipt": [
        ("payload", {"quote_id": "quote_id"}, "The bytes"),
        ("get_one", {"run_id": "run_id"}, "The run that brought it"),
        ("get_coin", {"crypto_id": "source_coin_id", "source": "source"}, "The coin"),
    ],
    "run": [("get_one", {"run_id": "run_id"}, "The run, to watch it")],
    "get_runs": [
        ("get_one", {"run_id": "data/0/run_id"}, "The first run"),
        ("compare_runs", {"base": "data/0/run_id", "other": "data/0/run_id"}, "The first run beside another"),
        ("get_runs", {"cursor": "next_cursor"}, _NEXT),
    ],
    "get_stats": [("get_one", {"run_id": "recent_etl_runs/0/run_id"}, "The newest run")],
    "health": [("get_one", {"run_id": "last_etl_run/run_id"}, "The last run")],
    "rejections": [("rejections", {"cursor": "next_cursor"}, _NEXT)],
    "anomalies": [
        ("get_coin", {"crypto_id": "data/0/crypto_id", "source": "data/0/source"}, "The first one's coin"),
        ("receipt", {"quote_id": "data/0/quote_id"}, "Where the first one's quote came from"),
        ("get_one", {"run_id": "data/0/run_id"}, "The run that found the first one"),
        ("anomalies", {"cursor": "next_cursor"}, _NEXT),
    ],
    "drift": [("drift", {"cursor": "next_cursor"}, _NEXT)],
}


def links_of(operation: str) -> dict[str, Any]:
    """The links of an operation's good answer, by name."""
    return {
        f"{target}_by_{'_and_'.join(parameters)}": {
            "operationId": target,
            "parameters": {name: f"$response.body#/{pointer}" for name, pointer in parameters.items()},
            "description": description,
        }
        for target, parameters, description in _LINKS.get(operation, ())
    }
