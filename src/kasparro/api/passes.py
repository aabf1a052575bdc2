"""Passes: what a browser shows instead of a key, where reading needs one. It reads and does nothing else.

A pass is a moment, signed with what is kept of the key that it was issued for: any worker can check it, it ends by
itself, and with its key.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

COOKIE = "kasparro_pass"
LASTS = timedelta(hours=12)


def issue(key_digest: bytes, now: datetime) -> str:
    """A pass for the holder of the key with this digest, from `now` (aware) on."""
    until = str(int((now + LASTS).timestamp()))
    return f"{until}.{_signed(key_digest, until)}"


def opens(shown: str, key_digests: Iterable[bytes], now: datetime) -> bool:
    """Whether a pass holds at `now` (aware), and was issued for one of these keys."""
    until, _, signature = shown.partition(".")
    if not (until.isascii() and until.isdecimal() and signature.isascii()) or len(until) > 12:
        return False
    if int(until) <= now.timestamp():
        return False
    found = [hmac.compare_digest(_signed(one, until), signature) for one in key_digests]
    return any(found)


def _signed(key_digest: bytes, until: str) -> str:
    return hmac.new(key_digest, f"kasparro reading until {until}".encode(), hashlib.sha256).hexdigest()
