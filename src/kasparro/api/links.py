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
