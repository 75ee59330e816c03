"""Addresses that no callback may reach, in whatever spelling."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from citrine_py.outside.destinations import DeniedAddress, Guarded, denied


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "169.254.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "2002:a9fe:a9fe::1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_link_local_and_metadata_addresses_are_denied(host: str) -> None:
    assert denied(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "10.0.0.8", "192.168.1.1", "8.8.8.8", "2001:db8::1", "csms.pro",
             "localhost", "169.254.example.com"],
)  # fmt: skip
def test_other_addresses_and_names_are_not(host: str) -> None:
    assert not denied(host)


class _Names(AbstractResolver):
    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_a_name_is_denied_if_one_of_its_addresses_is() -> None:
    with pytest.raises(DeniedAddress, match=r"evil\.example"):
        await Guarded(_Names("8.8.8.8", "169.254.169.254")).resolve("evil.example")


async def test_a_harmless_name_resolves_and_closing_closes() -> None:
    names = _Names("8.8.8.8")
    guarded = Guarded(names)
    assert [each["host"] for each in await guarded.resolve("good.example", 80)] == ["8.8.8.8"]
    await guarded.close()
    assert names.closed
