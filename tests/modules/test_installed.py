"""M03-M05: roots on stations, and what a station says it has."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest
from citrine_py.model.certificates import CERTIFICATE, Certificate
from citrine_py.ports import Payload
from tests.fakes_certificates import FakeReader, certificate
from tests.modules.world import STATION, World

ROOT = certificate("root", "0A1b")
TYPE = "CSMSRootCertificate"


async def world_with(**answers: Payload) -> World:
    world = World()
    await world.accepted()
    world.stations.answers.update(answers)
    return world


async def install(world: World, pem: str = ROOT, kind: str = TYPE) -> Payload:
    payload = {"certificateType": kind, "certificate": pem}
    return await world.rules.requests.send(STATION, "InstallCertificate", payload)


def hash_data(pem: str = ROOT, algorithm: str = "SHA256") -> Payload:
    found = FakeReader().hash_data(pem, algorithm)
    assert found is not None
    return found


def chain(data: Payload, kind: str = TYPE, **more: Any) -> Payload:
    return {"certificateType": kind, "certificateHashData": data, **more}


def rows(world: World) -> list[Certificate]:
    return world.records.all(CERTIFICATE)


async def test_m05_a_root_that_the_station_accepts_is_recorded() -> None:
    world = await world_with(InstallCertificate={"status": "Accepted"})
    assert await install(world) == {"status": "Accepted"}
    (row,) = rows(world)
    assert (row.station, row.certificateType, row.status) == (STATION, TYPE, "Installed")
    assert (row.certificate, row.hashAlgorithm, row.serialNumber) == (ROOT, "SHA256", "0A1b")
    await install(world)
    assert len(rows(world)) == 1


@pytest.mark.parametrize("status", ["Rejected", "Failed"])
async def test_m05_one_that_it_does_not_take_is_not(status: str) -> None:
    world = await world_with(InstallCertificate={"status": status})
    assert await install(world) == {"status": status}
    assert rows(world) == []


async def test_what_is_no_certificate_is_refused_before_it_is_sent() -> None:
    world = await world_with(InstallCertificate={"status": "Accepted"})
    with pytest.raises(BadRequest, match="no certificate in PEM"):
        await install(world, "my root")
    assert world.stations.sent("InstallCertificate") == []


async def inventory(world: World, *chains: Payload, kinds: list[str] | None = None) -> Payload:
    answer: Payload = {"status": "Accepted" if chains else "NotFound"}
    if chains:
        answer["certificateHashDataChain"] = list(chains)
    world.stations.answers["GetInstalledCertificateIds"] = answer
    payload = {} if kinds is None else {"certificateType": kinds}
    return await world.rules.requests.send(STATION, "GetInstalledCertificateIds", payload)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_m03_what_we_installed_is_known_again_by_every_algorithm(algorithm: str) -> None:
    world = await world_with(InstallCertificate={"status": "Accepted"})
    await install(world)
    await inventory(world, chain(hash_data(algorithm=algorithm)))
    (row,) = rows(world)
    assert (row.certificate, row.hashAlgorithm) == (ROOT, algorithm)


async def test_m03_hexadecimal_is_the_same_in_capitals_and_with_zeros_before() -> None:
    world = await world_with()
    data = {**hash_data(), "serialNumber": "00A1B"}
    await inventory(world, chain(hash_data()))
    await inventory(world, chain(data))
    assert len(rows(world)) == 1


async def test_m03_what_the_station_does_not_have_any_more_goes() -> None:
    world = await world_with()
    other = chain(hash_data(certificate("maker", "2")), "ManufacturerRootCertificate")
    await inventory(world, chain(hash_data()), other)
    assert len(rows(world)) == 2
    await inventory(world, kinds=["ManufacturerRootCertificate"])
    assert [row.certificateType for row in rows(world)] == [TYPE]
    await inventory(world)
    assert rows(world) == []


async def test_m03_a_v2g_chain_keeps_its_children() -> None:
    world = await world_with()
    children = [hash_data(certificate("sub", "3"))]
    told = chain(hash_data(), "V2GCertificateChain", childCertificateHashData=children)
    await inventory(world, told)
    assert rows(world)[0].childCertificateHashData == children


@pytest.mark.parametrize(("status", "left"), [("Accepted", 0), ("NotFound", 0), ("Failed", 1)])
async def test_m04_what_is_deleted_or_not_there_goes(status: str, left: int) -> None:
    world = await world_with(
        InstallCertificate={"status": "Accepted"}, DeleteCertificate={"status": status}
    )
    await install(world)
    payload = {"certificateHashData": hash_data(algorithm="SHA512")}
    reply = await world.rules.requests.send(STATION, "DeleteCertificate", payload)
    assert reply == {"status": status}
    assert [row.statusInfo for row in rows(world)] == ["not deleted: Failed"] * left


async def test_a02_a_chain_that_somebody_else_signed_is_recorded_with_the_answer() -> None:
    world = await world_with(CertificateSigned={"status": "Accepted"})
    for serial in ("1", "2"):
        payload = {"certificateChain": certificate(STATION, serial)}
        await world.rules.requests.send(STATION, "CertificateSigned", payload)
    found = {row.serialNumber: (row.status, row.certificateType) for row in rows(world)}
    assert found == {
        "1": ("Replaced", "ChargingStationCertificate"),
        "2": ("Accepted", "ChargingStationCertificate"),
    }
