"""CoinGecko's error bodies, which come in three shapes.

Source: CoinGecko's page on errors and rate limits, and recorded answers.
"""

from kasparro.sandbox.answers import Answer, document

RATE_LIMIT = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing"
    " to subscribe to our API plans for higher rate limits."
)
KEY_MISSING = (
    "API Key Missing. Please make sure you're using the right authentication method."
    " For Pro API, please visit: https://docs.coingecko.com/reference/authentication."
)
PLAN = "This request is limited Pro API subscribers"
PRO_KEY_ON_PUBLIC_HOST = (
    "If you are using Pro API key, please change your root URL from api.coingecko.com to pro-api.coingecko.com"
)
DEMO_KEY_ON_PRO_HOST = (
    "If you are using Demo API key, please change your root URL from pro-api.coingecko.com to api.coingecko.com"
)
TOO_OLD = (
    "Your request exceeds the allowed time range. Public API users are limited to querying historical data"
    " within the past 365 days."
)

_MESSAGES = {
    10002: KEY_MISSING,
    10005: PLAN,
    10010: PRO_KEY_ON_PUBLIC_HOST,
    10011: DEMO_KEY_ON_PRO_HOST,
    10012: TOO_OLD,
    429: RATE_LIMIT,
    403: "Access denied by the firewall",
    1020: "Access denied by the firewall",
    408: "Request timeout",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_STATUS_CODES = {401: 10002, 400: 10010}


def plain(status: int, message: str) -> Answer:
    """The third shape, of wrong parameters and unknown coins: `{"error": text}`."""
    return document({"error": message}, status)


def coded(status: int, code: int, now: str, retry_after: int | None = None) -> Answer:
    """The first shape, `{"status": {...}}`, or for 10012 the second, wrapped in `error`.

    `now` is the time stamp of a 401, `retry_after` the seconds of its header.
    """
    status_object: dict[str, object] = {"error_code": code, "error_message": _MESSAGES.get(code, "Error")}
    if status == 401:
        status_object = {"timestamp": now, **status_object}
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    body: dict[str, object] = {"status": status_object}
    return document({"error": body} if code == 10012 else body, status, headers)


def of_status(status: int, code: int | None, now: str) -> Answer:
    """The body that a bare status usually carries; `code` overrides the error code."""
    if code is None and status in (404, 422):
        return plain(status, "coin not found" if status == 404 else "Missing parameter vs_currency")
    return coded(status, code or _STATUS_CODES.get(status, status), now)
