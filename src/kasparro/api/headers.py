"""The headers of answers, as the description tells of them."""

from collections.abc import Container
from typing import Any

from kasparro.api.edge import EXEMPT


def _header(description: str, example: str, *, always: bool = False, **schema: Any) -> dict[str, Any]:
    return {
        "description": description, "required": always, "schema": {"type": "string", **schema}, "example": example,
    }  # fmt: skip


HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": _header(
        "The request's id: yours, or one made here", "9f86d081884c7d65", always=True, pattern=r"^[A-Za-z0-9._:-]{1,64}$"
    ),
    "ETag": _header(
        "Names an answer; sent back as `If-None-Match` it saves the next one",
        'W/"5d41402abc4b2a76b9719d91"', pattern='^(W/"[0-9a-f]{24}"|"[0-9a-f]{64}")$',
    ),
    "Link": _header("Other pages: `first`, `next`, `prev` (RFC 8288)", '</data?limit=5&page=2>; rel="next"'),
    "Location": _header("Where the run can be watched", "/runs/42", always=True, pattern="^/runs/[0-9]+$"),
    "RateLimit": _header("How many requests may still come, and the seconds until it begins anew; absent when "
                         "nothing is limited", '"default";r=99;t=60'),
    "RateLimit-Policy": _header("The limit: requests in so many seconds", '"default";q=100;w=60'),
    "Retry-After": _header("Seconds to wait before trying again", "2", pattern="^[0-9]+$"),
    "WWW-Authenticate": _header("How to show a key", 'Bearer realm="kasparro"', always=True),
    "Content-Disposition": _header("Says that it is to be saved, and under which name",
                                   'attachment; filename="quotes.csv"', always=True),
    "Repr-Digest": _header("The payload's SHA-256 (RFC 9530)",
                           "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", always=True),
}  # fmt: skip
"""By name."""

IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The `ETag` of an earlier answer: 304 when nothing has changed since",
}  # fmt: skip

_BY_STATUS = {
    "202": ["Location"], "304": ["ETag"], "401": ["WWW-Authenticate"], "409": ["Location"], "429": ["Retry-After"],
    "503": ["Retry-After"],
}  # fmt: skip
_BY_PATH = {
    "/data.csv": ["Content-Disposition"],
    "/quotes/{quote_id}/receipt/payload": ["Content-Disposition", "ETag", "Repr-Digest"],
}


def header_names(path: str, status: str, members: Container[str]) -> list[str]:
    """The headers of the answer with `status` from `path`; a good one has these `members`."""
    names = ["X-Request-ID"]
    if path not in EXEMPT:
        names += [*_BY_STATUS.get(status, []), "RateLimit", "RateLimit-Policy"]
    if status == "200":
        names += _BY_PATH.get(path, [])
        names += ["ETag"] if "request_id" in members else []
        names += ["Link"] if "next_cursor" in members else []
    return names
