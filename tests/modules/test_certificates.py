"""A02, A03: from a station's request to its certificate."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from citrine_py.errors import StationOffline, StationSilent
from citrine_py.model.certificates import CERTIFICATE, Certificate
from citrine_py.model.keys import variable_attribute_key
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.certificates import SigningRules
from citrine_py.ports import Payload
from tests.fakes_certificates import certificate
from tests.modules.world import STATION, World

CSR = f"CSR {STATION} Fleet"
OWN = "ChargingStationCertificate"


async def secure(profile: int = 2, answer: Any = None, **more: Any) -> World:
    """A station that is accepted and came with some proof of who it is."""
    world = World(connected=False, **more)
    await world.connect(security_profile=profile)
    world.stations.answers["CertificateSigned"] = answer or {"status": "Accepted"}
    await world.accepted()
    return world


async def ask(world: World, csr: str = CSR, use: str | None = OWN) -> Payload:
    payload = {"csr": csr} | ({} if use is None else {"certificateType": use})
    answer = await world.call("SignCertificate", payload)
    await world.jobs.settle()
    return answer


def rows(world: World) -> list[Certificate]:
    return world.records.all(CERTIFICATE)


def statuses(world: World) -> list[str | None]:
    return sorted(str(row.status) for row in rows(world))


@pytest.mark.parametrize("use", [OWN, None])
async def test_a02_a_request_is_accepted_and_the_signed_certificate_follows(
    use: str | None,
) -> None:
    world = await secure()
    assert await ask(world, use=use) == {"status": "Accepted"}
    assert world.authority.signed == [(CSR, OWN)]
    sent = {"certificateChain": certificate(STATION, "1", 365), "certificateType": OWN}
    assert world.stations.sent("CertificateSigned") == [sent]
    (row,) = rows(world)
    assert (row.station, row.certificateType, row.status) == (STATION, OWN, "Accepted")
    assert (row.subject, row.serialNumber, row.csr) == (f"CN={STATION}", "1", None)
    assert row.notAfter is not None


async def test_a02_the_request_is_kept_before_it_is_accepted() -> None:
    world = await secure()
    world.stations.answers["CertificateSigned"] = StationOffline("gone")
    await world.call("SignCertificate", {"csr": CSR, "certificateType": OWN})
    (row,) = rows(world)
    assert (row.status, row.csr) == ("Requested", CSR)
    await world.jobs.settle()
    assert statuses(world) == ["Signed"]


async def test_a02_a_certificate_that_the_station_rejects_is_shown_with_the_reason() -> None:
    info = {"reasonCode": "BadChain", "additionalInfo": "unknown CA"}
    world = await secure(answer={"status": "Rejected", "statusInfo": info})
    await ask(world)
    (row,) = rows(world)
    assert (row.status, row.statusInfo) == ("Rejected", "Rejected (BadChain: unknown CA)")


@pytest.mark.parametrize("lost", [StationOffline("gone"), StationSilent("no answer")])
async def test_what_could_not_be_delivered_is_when_the_station_is_back(lost: Exception) -> None:
    world = await secure()
    world.stations.answers["CertificateSigned"] = lost
    await ask(world)
    assert statuses(world) == ["Signed"]
    world.stations.answers["CertificateSigned"] = {"status": "Accepted"}
    await world.leave()
    await world.connect(security_profile=2)
    await world.jobs.settle()
    assert statuses(world) == ["Accepted"]
    assert len(world.authority.signed) == 1


async def test_what_could_not_be_signed_is_when_the_station_is_back() -> None:
    world = await secure()
    world.authority.away = True
    await ask(world)
    assert statuses(world) == ["Requested"]
    world.authority.away = False
    await world.leave()
    await world.connect(security_profile=2)
    await world.jobs.settle()
    assert statuses(world) == ["Accepted"]


async def test_what_the_ca_refuses_has_failed() -> None:
    world = await secure()
    world.authority.refuses = True
    await ask(world)
    (row,) = rows(world)
    assert (row.status, row.statusInfo) == ("Failed", "not this one")
    assert world.stations.sent("CertificateSigned") == []


@pytest.mark.parametrize(
    ("csr", "code"),
    [
        ("nothing", "InvalidCSR"),
        ("CSR cp002 Fleet", "InvalidCSR"),
        ("CSR", "InvalidCSR"),
        (f"CSR {STATION} Others", "InvalidCSR"),
        (f"CSR {STATION}", "InvalidCSR"),
    ],
)
async def test_a02_a_request_of_another_name_or_organisation_is_rejected(
    csr: str, code: str
) -> None:
    world = await secure(signing=SigningRules(organisation="Fleet"))
    answer = await ask(world, csr)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", code)
    assert rows(world) == []
    assert world.authority.signed == []


async def test_a_station_that_came_without_any_proof_gets_no_certificate() -> None:
    """With it, anybody could come as this station on security profile 3."""
    answer = await ask(world := await secure(profile=0))
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "NotSecure")
    assert world.authority.signed == []


async def test_without_a_ca_requests_are_rejected() -> None:
    answer = await ask(await secure(signs=False))
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "NoAuthority")


async def test_a_request_that_comes_again_while_it_is_under_way_is_signed_once() -> None:
    world = await secure()
    for _ in range(3):
        payload = {"csr": CSR, "certificateType": OWN}
        assert await world.call("SignCertificate", payload) == {"status": "Accepted"}
    await world.jobs.settle()
    assert len(world.authority.signed) == 1
    assert len(world.stations.sent("CertificateSigned")) == 1


async def test_a_newer_request_stands_in_for_the_one_under_way() -> None:
    world = await secure(signing=SigningRules())
    await world.call("SignCertificate", {"csr": f"{CSR} older", "certificateType": OWN})
    await ask(world, f"{CSR} newer")
    assert [csr for csr, _ in world.authority.signed] == [f"{CSR} newer"]
    assert statuses(world) == ["Accepted", "Replaced"]


async def test_a_newer_certificate_replaces_the_one_before_and_few_are_kept() -> None:
    world = await secure()
    for number in range(8):
        world.clock.advance(60)
        await ask(world, f"{CSR} {number}")
    found = rows(world)
    assert [row.status for row in found].count("Accepted") == 1
    assert len(found) <= 6
    newest = max(found, key=lambda row: row.serialNumber or "")
    assert (newest.status, newest.serialNumber) == ("Accepted", "8")


# ---- V2G -------------------------------------------------------------------------------


def secc(world: World, value: str) -> None:
    key = variable_attribute_key(STATION, "ISO15118Ctrlr", "SeccId")
    world.records.have(VARIABLE_ATTRIBUTE, VariableAttribute(id=key, station=STATION, value=value))


@pytest.mark.parametrize("known", ["DE-SECC-1", None])
async def test_a03_a_v2g_certificate_is_for_the_secc(known: str | None) -> None:
    world = await secure(signing=SigningRules(organisation="Fleet"))
    if known is not None:
        secc(world, known)
    assert await ask(world, "CSR DE-SECC-1 Hubject", "V2GCertificate") == {"status": "Accepted"}
    (sent,) = world.stations.sent("CertificateSigned")
    assert sent["certificateType"] == "V2GCertificate"
    assert world.authority.signed == [("CSR DE-SECC-1 Hubject", "V2GCertificate")]


async def test_a03_a_v2g_certificate_for_another_secc_is_not_signed() -> None:
    world = await secure()
    secc(world, "DE-SECC-2")
    await ask(world, "CSR DE-SECC-1", "V2GCertificate")
    assert statuses(world) == ["Failed"]
    assert world.authority.signed == []


async def test_both_kinds_are_under_way_at_once() -> None:
    world = await secure()
    await asyncio.gather(ask(world), ask(world, "CSR DE-SECC-1", "V2GCertificate"))
    assert statuses(world) == ["Accepted", "Accepted"]


# ---- M01, M02 --------------------------------------------------------------------------

EXI = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install",
       "exiRequest": "QUJD"}  # fmt: skip


class Provider:
    def __init__(self, answer: Payload | None) -> None:
        self.answer = answer
        self.questions: list[Payload] = []

    async def ask(self, question: Payload) -> Payload | None:
        await asyncio.sleep(0)
        self.questions.append(question)
        return self.answer


async def test_m01_a_cars_request_goes_to_the_provider_and_its_answer_back() -> None:
    answer = {"status": "Accepted", "exiResponse": "REVG"}
    world = await secure(contracts=(provider := Provider(answer)))
    assert await world.call("Get15118EVCertificate", EXI) == answer
    assert provider.questions == [{"stationId": STATION, **EXI}]


@pytest.mark.parametrize("provider", [None, Provider(None)])
async def test_m01_without_a_provider_or_its_answer_it_has_failed(provider: Any) -> None:
    world = await secure(contracts=provider)
    answer = await world.call("Get15118EVCertificate", EXI)
    assert (answer["status"], answer["exiResponse"]) == ("Failed", "")
