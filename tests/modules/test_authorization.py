"""C01, C02, C05, C07, C12: Authorize, and the port that transactions ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.keys import (
    authorization_key,
    connector_key,
    evse_key,
    token_key,
    transaction_key,
)
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE
from citrine_py.model.transactions import LIVE_TRANSACTION, Transaction
from citrine_py.modules.authorization import TokenRules
from citrine_py.ports import Payload
from citrine_py.ports_tokens import ContractChain, Revocation
from tests.fakes import T0
from tests.fakes_tokens import ScriptedOutside
from tests.modules.world import STATION, World, data

CARD = {"idToken": "AB12", "type": "ISO14443"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "01",
    "responderURL": "http://ocsp.example.com",
}


def have_token(world: World, **fields: Any) -> None:
    """An operator has entered the card."""
    whole = {**CARD, "status": "Accepted", **fields}
    key = authorization_key(whole["idToken"], whole["type"])
    world.records.have(AUTHORIZATION, Authorization(id=key, **whole))


async def accepted(**more: Any) -> World:
    world = World(**more)
    await world.accepted()
    return world


async def authorize(world: World, id_token: Payload | None = None, **more: Any) -> Payload:
    return await world.call("Authorize", {"idToken": id_token or CARD, **more})


async def status(world: World, id_token: Payload | None = None) -> str:
    return str((await authorize(world, id_token))["idTokenInfo"]["status"])


async def test_c01_fr_07_a_token_is_found_in_whatever_case_it_is_told() -> None:
    """C01.FR.07."""
    world = await accepted()
    have_token(world)
    assert await status(world) == "Accepted"
    assert await status(world, {"idToken": "ab12", "type": "ISO14443"}) == "Accepted"
    assert await status(world, {"idToken": "ab12", "type": "ISO15693"}) == "Unknown"


async def test_tc_c_02_an_unknown_token_is_a_line_of_the_stations_history() -> None:
    """TC_C_02_CSMS (C01.FR.07, C04.FR.01, C06.FR.04)."""
    world = await accepted()
    assert await status(world, {"idToken": "FF00", "type": "Local"}) == "Unknown"
    (line,) = [each for each in world.records.all(STATION_EVENT) if each.kind == "Authorization"]
    assert (line.station, line.type, line.info) == (STATION, "Unknown", "Local FF00")


async def test_a_token_that_is_accepted_is_no_line_of_history() -> None:
    world = await accepted()
    have_token(world)
    await authorize(world)
    assert world.records.all(STATION_EVENT) == []


async def test_a_start_button_is_good_unless_an_operator_says_no() -> None:
    """C02."""
    world = await accepted()
    button = {"idToken": "", "type": "NoAuthorization"}
    assert await status(world, button) == "Accepted"
    have_token(world, **button, status="Blocked")
    assert await status(world, button) == "Blocked"


async def test_c05_a_central_token_is_good_at_the_station_that_we_sent_it_to() -> None:
    """C05."""
    world = await accepted()
    token = {"idToken": "4F2A", "type": "Central"}
    assert await status(world, token) == "Unknown"
    world.stations.answers["RequestStartTransaction"] = {"status": "Accepted"}
    start = {"remoteStartId": 1, "idToken": token}
    await world.rules.requests.send(STATION, "RequestStartTransaction", start)
    assert await status(world, {"idToken": "4f2a", "type": "Central"}) == "Accepted"
    assert await status(world, {"idToken": "4f2a", "type": "Local"}) == "Unknown"
    elsewhere = await world.rules.id_tokens.info("cp002", token)
    assert elsewhere["status"] == "Unknown"
    have_token(world, **token, status="Blocked")
    assert await status(world, token) == "Blocked"


async def test_a_central_token_of_ours_is_forgotten_after_a_day() -> None:
    world = await accepted()
    token = {"idToken": "4F2A", "type": "Central"}
    world.stations.answers["RequestStartTransaction"] = {"status": "Accepted"}
    start = {"remoteStartId": 1, "idToken": token}
    await world.rules.requests.send(STATION, "RequestStartTransaction", start)
    world.clock.advance(86_399)
    assert await status(world, token) == "Accepted"
    world.clock.advance(2)
    assert await status(world, token) == "Unknown"


async def test_the_answer_reads_no_directus() -> None:
    world = await accepted()
    have_token(world)
    world.records.directus_away = True
    assert await status(world) == "Accepted"


async def test_connectors_and_evses_that_the_station_reported_decide_where_a_token_is_good() -> (
    None
):
    world = await accepted()
    await world.report(
        1,
        0,
        [
            data("Connector", "ConnectorType", "cCCS2", {"id": 1, "connectorId": 1}),
            data("Connector", "ConnectorType", "cType2", {"id": 2, "connectorId": 1}),
            data("EVSE", "ISO15118EvseId", "DE*ABC*E1", {"id": 1}),
        ],
    )
    connector = world.records.get(CONNECTOR, connector_key(STATION, 1, 1))
    assert connector is not None
    assert connector.connectorType == "cCCS2"
    evse = world.records.get(EVSE, evse_key(STATION, 1))
    assert evse is not None
    assert evse.iso15118EvseId == "DE*ABC*E1"
    have_token(world, allowedConnectorTypes=["cType2"])
    assert (await authorize(world))["idTokenInfo"] == {"status": "Accepted", "evseId": [2]}


async def test_what_an_operator_says_of_a_connector_is_not_overwritten_by_a_report() -> None:
    world = await accepted()
    key = connector_key(STATION, 1, 1)
    world.records.edit(CONNECTOR, key, station=STATION, evseId=1, connectorType="cTesla")
    await world.report(
        1, 0, [data("Connector", "ConnectorType", "cCCS2", {"id": 1, "connectorId": 1})]
    )
    connector = world.records.get(CONNECTOR, key)
    assert connector is not None
    assert connector.connectorType == "cTesla"


async def test_a_location_counts_for_its_stations() -> None:
    world = await accepted()
    have_token(world, locations=["north"])
    assert await status(world) == "NotAtThisLocation"
    world.records.edit(CHARGING_STATION, STATION, location="north")
    assert await status(world) == "Accepted"


# ---- transactions ----------------------------------------------------------------------


def open_transactions(world: World, *started: tuple[str, str]) -> None:
    """By station and transactionId, the oldest first."""
    for minute, (station, transaction_id) in enumerate(started):
        fields = {"station": station, "transactionId": transaction_id, "isActive": True}
        record = Transaction(
            id=transaction_key(station, transaction_id),
            startedAt=T0 + timedelta(minutes=minute),
            tokenKey=token_key("ab12", "ISO14443"),
            **fields,
        )
        world.records.have(LIVE_TRANSACTION, record)


async def info(world: World, transaction_id: str | None, **more: Any) -> str:
    found = await world.rules.id_tokens.info(STATION, CARD, transaction_id=transaction_id, **more)
    return str(found["status"])


async def test_a_transaction_too_many_is_concurrent_and_the_first_stays_good() -> None:
    elsewhere = await accepted()
    have_token(elsewhere, concurrentTransactions=1)
    open_transactions(elsewhere, ("cp002", "t1"))
    assert await info(elsewhere, "t1") == "ConcurrentTx", "another station's of that id"
    world = await accepted()
    have_token(world, concurrentTransactions=1)
    open_transactions(world, (STATION, "t1"), ("cp002", "t2"))
    assert await info(world, "t1") == "Accepted", "it must be able to end"
    assert await info(world, "t3") == "ConcurrentTx"


async def test_authorize_is_never_concurrent() -> None:
    """The driver may be about to end the transaction that he has."""
    world = await accepted()
    have_token(world, concurrentTransactions=1)
    open_transactions(world, (STATION, "t1"))
    assert await status(world) == "Accepted"


# ---- somebody outside ------------------------------------------------------------------


async def test_somebody_outside_is_asked_and_his_answer_counts() -> None:
    outside = ScriptedOutside({"status": "NoCredit"})
    world = await accepted(outside=outside)
    have_token(world, groupIdToken="FLEET")
    world.records.edit(CHARGING_STATION, STATION, location="north")
    answer = await authorize(world)
    group = {"idToken": "FLEET", "type": "Central"}
    assert answer["idTokenInfo"] == {"status": "NoCredit", "groupIdToken": group}
    assert outside.questions == [
        {
            "stationId": STATION,
            "locationId": "north",
            "idToken": CARD,
            "idTokenInfo": {"status": "Accepted", "groupIdToken": group},
        }
    ]


async def test_somebody_outside_may_know_a_token_that_we_do_not() -> None:
    world = await accepted(outside=ScriptedOutside({"status": "Accepted", "chargingPriority": 2}))
    assert (await authorize(world))["idTokenInfo"] == {"status": "Accepted", "chargingPriority": 2}


async def test_nobody_outside_can_allow_what_an_operator_refuses() -> None:
    outside = ScriptedOutside({"status": "Accepted"})
    world = await accepted(outside=outside)
    have_token(world, status="Blocked")
    assert await status(world) == "Blocked"
    assert outside.questions == []


async def test_start_buttons_are_nobodys_business_outside() -> None:
    outside = ScriptedOutside({"status": "Blocked"})
    world = await accepted(outside=outside)
    assert await status(world, {"idToken": "", "type": "NoAuthorization"}) == "Accepted"
    assert outside.questions == []


async def test_only_unknown_tokens_are_asked_about_where_the_settings_say_so() -> None:
    outside = ScriptedOutside({"status": "NoCredit"})
    world = await accepted(outside=outside, tokens=TokenRules(ask="unknown"))
    have_token(world)
    assert await status(world) == "Accepted"
    assert await status(world, {"idToken": "x", "type": "KeyCode"}) == "NoCredit"


@pytest.mark.parametrize(
    ("fallback", "known", "unknown"),
    [
        ("records", "Accepted", "Unknown"),
        ("reject", "Invalid", "Invalid"),
        ("accept", "Accepted", "Accepted"),
    ],
)
async def test_without_an_answer_the_fallback_decides(
    fallback: Any, known: str, unknown: str
) -> None:
    world = await accepted(outside=ScriptedOutside(None), tokens=TokenRules(fallback=fallback))
    have_token(world)
    assert await status(world) == known
    assert await status(world, {"idToken": "x", "type": "KeyCode"}) == unknown


# ---- contract certificates -------------------------------------------------------------

EMAID = {"idToken": "DE-ABC-C00001-X", "type": "eMAID"}


async def contract(world: World, **more: Any) -> tuple[str, str | None]:
    """The status of the token and of its certificate."""
    have_token(world, **EMAID)
    answer = await authorize(world, EMAID, **more)
    return answer["idTokenInfo"]["status"], answer.get("certificateStatus")


async def test_c07_a_contract_whose_certificates_are_good_is_accepted() -> None:
    world = await accepted()
    hashes = [HASHES, {**HASHES, "serialNumber": "02"}]
    assert await contract(world, iso15118CertificateHashData=hashes) == ("Accepted", "Accepted")
    assert world.certificates.asked == ["01", "02"]
    assert await contract(world) == ("Accepted", None)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Revocation("revoked"), "CertificateRevoked"),
        (Revocation("unknown"), "NoCertificateAvailable"),
        (Revocation("unavailable"), "NoCertificateAvailable"),
    ],
)
async def test_c07_a_bad_certificate_makes_the_token_invalid(
    found: Revocation, expected: str
) -> None:
    world = await accepted()
    world.certificates.revocations["02"] = found
    hashes = [HASHES, {**HASHES, "serialNumber": "02"}]
    told = await contract(world, iso15118CertificateHashData=hashes)
    assert told == ("Invalid", expected)


async def test_a_certificate_that_cannot_be_looked_up_is_good_where_the_settings_say_so() -> None:
    world = await accepted(tokens=TokenRules(unchecked="accept"))
    world.certificates.revocations["01"] = Revocation("unavailable")
    told = await contract(world, iso15118CertificateHashData=[HASHES])
    assert told == ("Accepted", "Accepted")


async def test_c07_a_certificate_that_the_station_could_not_check_is_checked_here() -> None:
    world = await accepted()
    world.certificates.chains = {
        "good": ContractChain(emaid="DEABCC00001X", requests=(HASHES,)),
        "other": ContractChain(emaid="DEABCC00002X", requests=(HASHES,)),
        "old": ContractChain("CertificateExpired", "expired"),
    }
    assert await contract(world, certificate="good") == ("Accepted", "Accepted")
    assert world.certificates.asked == ["01"]
    assert await contract(world, certificate="other") == ("Invalid", "NoCertificateAvailable")
    assert await contract(world, certificate="old") == ("Invalid", "CertificateExpired")


async def test_m06_the_responders_own_words_are_passed_on() -> None:
    world = await accepted()
    asked = {"ocspRequestData": HASHES}
    answer = await world.call("GetCertificateStatus", asked)
    assert answer == {"status": "Accepted", "ocspResult": "Z29vZA=="}
    world.certificates.revocations["01"] = Revocation("unavailable", "the responder is away")
    answer = await world.call("GetCertificateStatus", asked)
    assert answer["status"] == "Failed"
    assert answer["statusInfo"]["additionalInfo"] == "the responder is away"
    world.certificates.revocations["01"] = Revocation("good", response=b"x" * 5000)
    assert (await world.call("GetCertificateStatus", asked))["status"] == "Failed"
