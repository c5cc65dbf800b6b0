"""Which addresses a customer's URL may lead to: public ones, and those that the operator allows.

It is asked with the resolved address, just before the connection is made: a name that resolves to
something else the second time gains nothing by it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from octavo.kit.errors import OctavoError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL = (
    IPv6Network("2001::/23"),  # protocol assignments (RFC 2928): benchmarks, ORCHID ...
    IPv6Network("2001:db8::/32"),  # documentation (RFC 3849)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
_LAST_32_BITS = (
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291)
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated (RFC 2765)
    IPv6Network("::/96"),  # IPv4-compatible (RFC 4291)
)
_NEVER_4 = (
    IPv4Network("192.88.99.0/24"),  # 6to4 relays (RFC 7526)
    IPv4Network("240.0.0.0/4"),  # reserved (RFC 1112)
)

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class AddressRefused(OctavoError):
    """The URL leads to an address that customers may not make us call."""

    says = "This address is neither public nor in OCTAVO_CALLBACK_ALLOW"


@dataclass(frozen=True)
class Guard:
    """Knows the networks that may be reached besides public addresses."""

    allow: Sequence[Network] = ()

    def check(self, address: str) -> None:
        """Raises AddressRefused."""
        try:
            # A scope ("fe80::1%eth0") says nothing about what is reached.
            read = ip_address(address.partition("%")[0])
        except ValueError:
            raise AddressRefused(address) from None
        if not self._allows(read):
            raise AddressRefused(address)

    def _allows(self, address: Address) -> bool:
        if any(address.version == n.version and address in n for n in self.allow):
            return True
        inner = list(unwrapped(address))
        return all(map(self._allows, inner)) if inner else is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address that wraps no other belongs to the public internet."""
    if isinstance(address, IPv4Address):
        if any(address in network for network in _NEVER_4):
            return False
        return address.is_global and not address.is_multicast
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL)


def unwrapped(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to by a gateway; none for others."""
    if isinstance(address, IPv4Address):
        return
    if any(address in network for network in _LAST_32_BITS):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
