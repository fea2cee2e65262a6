"""Which addresses and URLs a client that talks to strangers may open a connection to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_LENGTH = 2_048
"""Longest URL accepted, in characters."""

_WHY: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT relay"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/96", "unspecified, loopback or IPv4-compatible"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard-only"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "protocol assignments, Teredo among them"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    ("::/3", "not global unicast"),
    ("4000::/2", "not global unicast"),
    ("8000::/1", "not global unicast"),
)
# IANA's special-purpose registries, as Svix reads them (webhook_http_client.rs, is_allowed): `ipaddress.is_global`
# lets NAT64, 6to4, 5f00::/16 and 3fff::/20 through, each of which can lead to a private IPv4 address.
_REFUSED: tuple[tuple[Network, str], ...] = tuple((ip_network(network), why) for network, why in _WHY)

# Ports of services that take commands in plain text or must never be spoken to by accident: the WHATWG's bad ports
# above 1023, and databases, queues and control planes.
# fmt: off
_REFUSED_PORTS = frozenset((
    1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 4444,
    5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
    8086, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 16379, 26379, 27017, 27018, 28017, 50070,
))
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Refuses every address that is not public, except those in the networks of *allow*."""

    allow: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allow: Iterable[str]) -> AddressPolicy:
        """The policy that lets these CIDR networks through.

        Raises:
            ValueError: one of them is not a network such as `10.0.0.0/8` or `::1/128`.
        """
        return cls(allow=tuple(ip_network(network.strip()) for network in allow))

    def why_refused(self, address: str) -> str | None:
        """Why no connection may go to this *address* (as a resolver returned it); None where one may."""
        try:
            parsed = _plain(ip_address(address.partition("%")[0]))
        except ValueError:
            return "not an address"
        if any(parsed.version == network.version and parsed in network for network in self.allow):
            return None
        return next((why for network, why in _REFUSED if parsed.version == network.version and parsed in network), None)


def is_address(host: str) -> bool:
    """Whether *host* is an address in some spelling (127.1 and 0x7f000001 too), and no name."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return re.fullmatch(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", host, re.IGNORECASE) is not None
    return True


def _plain(address: Address) -> Address:
    """An IPv4-mapped IPv6 address is the IPv4 address: the kernel connects to that."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def check_proxy(url: str) -> str | None:
    """What is wrong with *url* as that of a proxy, in words; None where nothing is. A user name may be in it."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        return f"not a URL ({error})"
    if parsed.scheme not in ("http", "https") or not parsed.host:
        return "a proxy is http://host:port or https://host:port"
    return None


def check_url(url: str) -> str | None:
    """What is wrong with *url* as the address of a feed or an endpoint, in words; None where nothing is.

    Only the spelling is looked at; where the host's name leads is checked at every connection.
    """
    found = read_url(url)
    return found if isinstance(found, str) else None


def read_url(url: str) -> httpx.URL | str:
    """The parts of *url*, or what `check_url` says of it."""
    if problem := _check_spelling(url):
        return problem
    try:
        parts = httpx.URL(url)
        return _check_parts(parts) or parts
    except (httpx.InvalidURL, UnicodeError) as error:  # of a name such as "xn--" that stands for none
        return f"not a URL ({error})"


def _check_spelling(url: str) -> str | None:
    if len(url) > URL_LENGTH:
        return f"longer than {URL_LENGTH} characters"
    if any(character <= " " or "\x7f" <= character <= "\xa0" or character in "\u2028\u2029" for character in url):
        return "contains a space or a control character; write it percent-encoded"
    if "\\" in url:
        return "contains a backslash, which programs read differently; write %5C"
    if "@" in re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        return "contains a user name or password; that is refused because it would be shown in logs"
    return None


def _check_parts(url: httpx.URL) -> str | None:
    if url.scheme not in ("http", "https"):
        return f"must begin with https:// or http://{f', not {url.scheme}:' if url.scheme else ''}"
    if not url.host or "%" in url.host:
        return "has no host" if not url.host else "has a host with a percent sign"
    return check_port(url.port)


def check_port(port: int | None) -> str | None:
    """Why a connection to *port* (None: the scheme's own) is refused; None where it is not."""
    if port is None or port in (80, 443) or (1_024 <= port <= 65_535 and port not in _REFUSED_PORTS):
        return None
    return f"port {port} is refused; use 80, 443 or one from 1024 up that belongs to no database or control service"
