"""Which addresses a customer's URL may lead to."""

from ipaddress import ip_network

import pytest

from octavo.callbacks.guard import LOOPBACK, AddressRefused, Guard, is_loopback


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "2606:4700:4700::1111",
        "2a00:1450:4007:80e::2003",
        # gateways to public addresses
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_reached(address: str) -> None:
    Guard().check(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - not to listen on
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",  # shared by a carrier's customers (RFC 6598)
        "169.254.169.254",  # the metadata service of clouds
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456:789a::1",
        "fd00:ec2::254",  # a metadata service again
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "2001:20::1",
        # the same behind a gateway
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::c0a8:101",
        "64:ff9b:1::808:808",  # NAT64 of a private network (RFC 8215)
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        # Teredo: a private client (complemented: 192.168.1.1), a private server (10.0.0.1)
        "2001:0:808:808::3f57:fefe",
        "2001:0:a00:1::f7f7:f7f7",
        "not an address",
        "",
    ],
)
def test_others_are_not(address: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check(address)


@pytest.mark.parametrize(
    ("network", "address", "reached"),
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("10.1.0.0/16", "64:ff9b::a01:203", True),
        ("10.1.0.0/16", "64:ff9b::a02:1", False),
        ("fd00:1::/32", "fd00:1::5", True),
        ("fd00:1::/32", "fd00:2::5", False),
        # a network of the other version says nothing
        ("::/0", "10.0.0.1", False),
    ],
)
def test_what_the_operator_allows_is_reached(network: str, address: str, reached: bool) -> None:
    guard = Guard((ip_network(network),))
    if reached:
        guard.check(address)
    else:
        with pytest.raises(AddressRefused):
            guard.check(address)


def test_loopback_does_not_open_the_rest() -> None:
    guard = Guard(LOOPBACK)
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        guard.check(address)
    for address in ("10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "::"):
        with pytest.raises(AddressRefused):
            guard.check(address)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - as above
        ("::", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_where_the_server_listens(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
