"""Clients: whose request it is, by address; a proxy is believed only if it is one of ours."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from kasparro.api.exchange import Headers

_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+")


class Clients:
    """`trusted` are the networks whose `X-Forwarded-For` counts."""

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._trusted = trusted

    def address(self, peer: str, headers: Headers) -> str:
        """The client's address, where `peer` connected; of IPv6 the network of 64 bits, since one client has all of it.

        In `X-Forwarded-For` it is the last address that none of our proxies has: what stands before it could be
        written by anybody.
        """
        if not self._trusted:
            return _grouped(_address(peer)) if ":" in peer else peer
        address = _address(peer)
        if address is not None and self._is_ours(address):
            for part in reversed(",".join(headers.get_all("x-forwarded-for")).split(",")):
                named = _address(part)
                if named is None:
                    break
                address = named
                if not self._is_ours(named):
                    break
        return _grouped(address)

    def _is_ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` names, with or without a port."""
    text = text.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _grouped(address: IPv4Address | IPv6Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address) if address else ""
