"""Whose request it is: a proxy is believed only if it is one of ours."""

from ipaddress import ip_network

import pytest

from kasparro.api.clients import Clients
from kasparro.api.exchange import HeaderList


def _address(peer: str, *forwarded: str, trusted: tuple[str, ...] = ()) -> str:
    headers = HeaderList([(b"x-forwarded-for", line.encode()) for line in forwarded])
    return Clients([ip_network(one) for one in trusted]).address(peer, headers)


OURS = ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("9.9.9.9", ["1.1.1.1"], "9.9.9.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1, 10.0.0.2 ,10.9.9.9"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1", "10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["1.1.1.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1:5555"], "1.1.1.1"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:80"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::/64"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["\x00\xff"], "10.0.0.1"),
    ],
)  # fmt: skip
def test_the_last_address_that_is_not_ours_counts(peer: str, forwarded: list[str], found: str) -> None:
    assert _address(peer, *forwarded, trusted=OURS) == found


@pytest.mark.parametrize(
    ("peer", "found"),
    [("1.2.3.4", "1.2.3.4"), ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
     ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),     ("::ffff:1.2.3.4", "1.2.3.4"), ("", "")],
)  # fmt: skip
def test_without_proxies_it_is_the_peer_s(peer: str, found: str) -> None:
    assert _address(peer, "5.5.5.5") == found
