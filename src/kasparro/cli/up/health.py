"""Whether the API answers, asked as anybody would."""

import http.client
from ipaddress import ip_address

from kasparro.config import Settings

_TIMEOUT_S = 5.0


def address(settings: Settings) -> str:
    """The root of the API as it is reached from this machine."""
    host = _reached_at(settings.api_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def healthy(settings: Settings) -> bool:
    """Whether `GET /health` answers 200."""
    connection = http.client.HTTPConnection(_reached_at(settings.api_host), settings.api_port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reached_at(host: str) -> str:
    """An address for one that is listened on: "all of them" can't be connected to everywhere."""
    try:
        found = ip_address(host)
    except ValueError:
        return host
    if not found.is_unspecified:
        return host
    return "127.0.0.1" if found.version == 4 else "::1"
