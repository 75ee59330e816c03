"""/data/certificates/...: CitrineOS' paths; private keys come in and are told in no error."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest, StationOffline
from tests.api.world import add_station, running
from tests.fakes_certificates import certificate

TLS = "/data/certificates/tlsCertificates"
CHAIN = "/data/certificates/certificateChain"
ROOT = "/data/certificates/rootCertificate"


async def test_a_ports_certificates_are_handed_on_as_one_chain() -> None:
    async with running() as world:
        body = {"certificateChain": ["ONE\n", "TWO"], "privateKey": "KEY", "rootCA": "CA"}
        assert await world.call("PUT", f"{TLS}?id=tls", body) == (200, {"success": True})
        assert world.listeners.put_to == [("tls", "ONE\nTWO\n", "KEY", "CA")]


async def test_without_a_body_the_files_are_read_anew() -> None:
    async with running() as world:
        assert await world.call("PUT", f"{TLS}?id=tls") == (200, {"success": True})
        assert world.listeners.reloaded == ["tls"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"certificateChain": ["ONE"]}, "privateKey: Field required"),
        ({"certificateChain": [], "privateKey": "s3cret"}, "certificateChain: "),
        ({"certificateChain": "ONE", "privateKey": "s3cret"}, "certificateChain: "),
        (
            {"certificateChain": ["ONE"], "privateKey": "s3cret", "subCAKey": "s3cret"},
            "a field too many; there are: certificateChain, privateKey, rootCA",
        ),
    ],
)
async def test_a_body_that_does_not_fit_is_explained_without_its_key(
    body: dict[str, Any], told: str
) -> None:
    async with running() as world:
        status, answer = await world.call("PUT", f"{TLS}?id=tls", body)
        assert status == 400
        assert told in answer["payload"]
        assert "s3cret" not in answer["payload"]
        assert world.listeners.put_to == []


async def test_what_the_port_refuses_is_told() -> None:
    async with running() as world:
        world.listeners.error = BadRequest("listener tls speaks no TLS")
        status, answer = await world.call("PUT", f"{TLS}?id=tls")
        assert (status, answer["payload"]) == (400, "listener tls speaks no TLS")
        assert (await world.call("PUT", TLS))[0] == 400


async def test_a_servers_chain_is_made_with_its_key() -> None:
    async with running(signs=False) as world:
        status, answer = await world.call("POST", CHAIN, {"commonName": "csms"})
        assert status == 400
        assert "CITRINE_CERTIFICATES_AUTHORITY" in answer["payload"]
    async with running() as world:
        status, answer = await world.call(
            "POST", CHAIN, {"commonName": "csms", "validBefore": "2030-01-01T00:00:00Z"}
        )
        assert status == 200
        assert answer == {"certificateChain": certificate("csms"), "privateKey": "KEY csms"}
        for wrong in ({}, {"commonName": ""}, {"commonName": "csms", "keyLength": 1024}):
            assert (await world.call("POST", CHAIN, wrong))[0] == 400


async def test_our_root_is_installed_or_the_one_given() -> None:
    async with running() as world:
        add_station(world)
        world.requests.answers["cp001"] = {"status": "Accepted"}
        for more in (
            {},
            {"certificateType": "V2GRootCertificate"},
            {"certificateType": "MORootCertificate", "certificate": "PEM"},
        ):
            answer = await world.call("PUT", ROOT, {"stationId": "cp001", **more})
            assert answer == (200, {"success": True, "payload": {"status": "Accepted"}})
        assert [payload for _, _, payload, _ in world.requests.sent] == [
            {
                "certificateType": "CSMSRootCertificate",
                "certificate": certificate("root-ChargingStationCertificate"),
            },
            {
                "certificateType": "V2GRootCertificate",
                "certificate": certificate("root-V2GCertificate"),
            },
            {"certificateType": "MORootCertificate", "certificate": "PEM"},
        ]
        needed = {"stationId": "cp001", "certificateType": "MORootCertificate"}
        assert (await world.call("PUT", ROOT, needed))[0] == 400
        assert (await world.call("PUT", ROOT, {"stationId": "cp002"}))[0] == 404
        world.requests.answers["cp001"] = StationOffline("cp001 is not connected")
        assert (await world.call("PUT", ROOT, {"stationId": "cp001"}))[0] == 502
