"""Where callbacks and webhooks may go: http and https, to allowed hosts, and never to
link-local and metadata addresses.

Looked at twice: the address as it stands in the URL, and every address that a
name resolves to, at the moment of connecting.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from citrine_py.errors import BadRequest

_Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # Alibaba's metadata
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",
        "192.0.0.192/32",  # Oracle's metadata
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # Amazon's metadata
        "fd20:ce::/32",  # Google's metadata
    )
)


LONGEST_URL = 2000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class DeniedAddress(OSError):
    """A name resolves to an address that callbacks may not go to."""


class Guarded(AbstractResolver):
    """A resolver that finds no denied address. One among several denies the name: else a
    repeated question could get the other answer."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if any(denied(each["host"]) for each in found):
            raise DeniedAddress(f"{host} resolves to an address that callbacks may not go to")
        return found

    async def close(self) -> None:
        await self._resolver.close()


class Destinations:
    """Which addresses that people give may be posted to.

    Args:
        allow: the only hosts they may name; empty for all that are not denied.
    """

    def __init__(self, allow: Iterable[str]) -> None:
        self._allow = frozenset(host.lower().rstrip(".") for host in allow)

    def check(self, url: str, name: str) -> URL:
        """The whole URL that `url` stands for; without a scheme it is http, as for curl.

        Raises:
            BadRequest: no URL that something may go to; `name` is what people call it.
        """
        if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
            raise BadRequest(f"{name} is not a URL")
        try:
            # Parsed once, by what connects later: two parsers could see two hosts in it.
            whole = URL(url if _SCHEME.match(url) else f"http://{url}")
            host, port = whole.host, whole.port
        except ValueError:
            raise BadRequest(f"{name} is not a URL") from None
        if whole.scheme not in {"http", "https"} or not host or not host.strip(".") or not port:
            raise BadRequest(f"{name} must be an http or https URL with a host")
        if self._allow and host.lower().rstrip(".") not in self._allow:
            raise BadRequest(f"{name}: {host} is not among CITRINE_API_CALLBACK_ALLOW")
        if denied(host):
            raise BadRequest(f"{name}: callbacks to {host} are denied")
        return whole


def denied(host: str) -> bool:
    """Whether no callback may go to this host, if it is an IP address in any spelling;
    False for names."""
    ip = _address(host)
    if ip is None:
        return False
    return any(
        each in network
        for each in _meanings(ip)
        for network in _DENIED
        if network.version == each.version
    )


def _address(host: str) -> _Ip | None:
    plain = host.partition("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(plain)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(plain))  # 0xa9fea9fe, 2852039166, 127.1
    except (OSError, ValueError):
        return None


def _meanings(ip: _Ip) -> Iterator[_Ip]:
    """The address, and the IPv4 addresses that an IPv6 one may lead to."""
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        yield from filter(None, (ip.ipv4_mapped, ip.sixtofour))
        if ip in _NAT64:
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
