"""Block C: the official cases of authorization (Part 6, 3.4).

Tokens are entered as an operator's script does. TxStartPoint is EVConnected where a case
leaves it open: the transaction begins with the cable.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.conformance.charging import Session
from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation

pytestmark = pytest.mark.stack

KIND = "ISO14443"


def new_token() -> Payload:
    """A token that no other test has."""
    return {"idToken": uuid4().hex[:14].upper(), "type": KIND}


async def enter(csms: Csms, token: Payload, **fields: Any) -> Payload:
    """The token gets its entry."""
    answer = await csms.operator.api.put(
        "/data/evdriver/authorization",
        params=token,
        json={"idToken": token, "status": "Accepted", **fields},
    )
    assert answer.status_code == 200, answer.text
    return token


async def authorized(station: RawStation, token: Payload) -> Payload:
    """AuthorizeRequest; the idTokenInfo of the checked answer."""
    answer = await station.call("Authorize", {"idToken": token})
    info: Payload = answer["idTokenInfo"]
    return info


async def presented(
    session: Session, kind: str, trigger: str, token: Payload, **info: Any
) -> Payload:
    """A TransactionEvent with the token; the idTokenInfo of the answer."""
    answer = await session.event(kind, trigger, idToken=token, **info)
    told: Payload = answer["idTokenInfo"]
    return told


# ---- Authorize -------------------------------------------------------------------------


@pytest.mark.case(
    "TC_C_02_CSMS",
    "Local start transaction: authorization Invalid/Unknown",
    "C01.FR.07",
    "C04.FR.01",
    "C06.FR.04",
)
async def test_tc_c_02_an_unknown_token_is_invalid_or_unknown(csms: Csms) -> None:
    """TC_C_02_CSMS (C01.FR.07, C04.FR.01 or C06.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        info = await authorized(station, new_token())
        assert info["status"] in {"Invalid", "Unknown"}, info


@pytest.mark.case("TC_C_06_CSMS", "Local start transaction: authorization Blocked", "C01.FR.07")
async def test_tc_c_06_a_blocked_token_is_blocked(csms: Csms) -> None:
    """TC_C_06_CSMS (C01.FR.07)."""
    token = await enter(csms, new_token(), status="Blocked")
    async with csms.station() as station:
        await station.booted()
        info = await authorized(station, token)
        assert info["status"] in {"Blocked", "Invalid"}, info


@pytest.mark.parametrize(
    "fields", [{"status": "Expired"}, {"validUntil": "2020-01-01T00:00:00Z"}], ids=["set", "time"]
)
@pytest.mark.case("TC_C_07_CSMS", "Local start transaction: authorization Expired", "C01.FR.07")
async def test_tc_c_07_an_expired_token_is_expired(csms: Csms, fields: Payload) -> None:
    """TC_C_07_CSMS (C01.FR.07): set as Expired, and expired by its time."""
    token = await enter(csms, new_token(), **fields)
    async with csms.station() as station:
        await station.booted()
        info = await authorized(station, token)
        assert info["status"] in {"Expired", "Invalid"}, info


# ---- the station's cache ---------------------------------------------------------------


@pytest.mark.case("TC_C_08_CSMS", "Authorization through cache: Accepted", "C12.FR.03")
async def test_tc_c_08_a_cached_token_is_accepted_in_the_transaction(csms: Csms) -> None:
    """TC_C_08_CSMS (C12.FR.03): no Authorize comes before."""
    token = await enter(csms, new_token())
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        info = await presented(session, "Updated", "Authorized", token)
        assert info["status"] == "Accepted", info


@pytest.mark.case("TC_C_20_CSMS", "Authorization through cache: Invalid", "C12.FR.03")
async def test_tc_c_20_a_cached_token_that_is_not_known_here_is_refused(csms: Csms) -> None:
    """TC_C_20_CSMS (C12.FR.03)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        info = await presented(session, "Updated", "Authorized", new_token())
        assert info["status"] in {"Invalid", "Unknown"}, info


async def _clear_cache(csms: Csms, status: str) -> None:
    async with csms.station() as station:
        await station.booted()

        async def play() -> None:
            await station.answer(await station.asked("ClearCache"), {"status": status})

        body = await csms.while_sending("evdriver/clearCache", {}, play)
        assert body["payload"] == {"status": status}


@pytest.mark.case("TC_C_37_CSMS", "Clear authorization data in cache: Accepted")
async def test_tc_c_37_the_cache_is_cleared(csms: Csms) -> None:
    """TC_C_37_CSMS (use case C11)."""
    await _clear_cache(csms, "Accepted")


@pytest.mark.case("TC_C_38_CSMS", "Clear authorization data in cache: Rejected")
async def test_tc_c_38_a_refusal_to_clear_the_cache_is_told(csms: Csms) -> None:
    """TC_C_38_CSMS (use case C11)."""
    await _clear_cache(csms, "Rejected")


# ---- groups and master passes ----------------------------------------------------------


@pytest.mark.case("TC_C_39_CSMS", "Authorization by GroupId: success", "C09.FR.02", "C09.FR.03")
async def test_tc_c_39_a_token_ends_what_another_of_its_group_began(csms: Csms) -> None:
    """TC_C_39_CSMS (C09.FR.02, C09.FR.03)."""
    group = {"idToken": uuid4().hex[:20], "type": "Central"}
    shared = {"groupIdToken": group["idToken"]}
    first = await enter(csms, new_token(), **shared)
    second = await enter(csms, new_token(), **shared)

    def check(info: Payload) -> None:
        assert info["status"] == "Accepted", info
        assert info["groupIdToken"]["idToken"] == group["idToken"], info

    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        check(await authorized(station, second))
        check(await presented(session, "Updated", "Authorized", first))
        session.authorized = True
        await session.energy_transfer_started()
        check(await authorized(station, second))
        check(await presented(session, "Updated", "StopAuthorized", second))
        session.state = "StopAuthorized"
        await session.ev_disconnected()


async def _charging(csms: Csms, station: RawStation) -> list[Session]:
    """Both EVSEs charge, each with a valid token of its own."""
    await station.booted()
    sessions = [Session(csms, station, evse_id=number) for number in (1, 2)]
    for session in sessions:
        await session.energy_transfer_started()
    return sessions


async def _stop(session: Session, token: Payload, group: str | None = None) -> None:
    """The transaction ends by a master pass; the token that the event tells is Accepted."""
    info = await presented(session, "Ended", "StopAuthorized", token, stoppedReason="MasterPass")
    assert info["status"] == "Accepted", info
    if group is not None:
        assert info["groupIdToken"]["idToken"] == group, info
    record = await session.record()
    assert (record["isActive"], record["stoppedReason"]) == (False, "MasterPass")


async def _master_pass(csms: Csms, station: RawStation) -> tuple[Payload, str]:
    """A master pass, authorized, and the group that it has."""
    token = await enter(csms, new_token(), masterPass=True, groupIdToken="CONF-MASTERS")
    info = await authorized(station, token)
    assert info["status"] == "Accepted", info
    assert info["groupIdToken"]["idToken"] == "CONF-MASTERS", info
    return token, "CONF-MASTERS"


@pytest.mark.case("TC_C_47_CSMS", "Stop with a master pass: with UI, all transactions", "C16.FR.01")
async def test_tc_c_47_a_master_pass_ends_all_transactions(csms: Csms) -> None:
    """TC_C_47_CSMS (C16.FR.01)."""
    async with csms.station() as station:
        sessions = await _charging(csms, station)
        token, group = await _master_pass(csms, station)
        for session in sessions:
            await _stop(session, token, group)


@pytest.mark.case(
    "TC_C_48_CSMS", "Stop with a master pass: with UI, specific transactions", "C16.FR.01"
)
async def test_tc_c_48_a_master_pass_ends_one_transaction(csms: Csms) -> None:
    """TC_C_48_CSMS (C16.FR.01)."""
    async with csms.station() as station:
        first, second = await _charging(csms, station)
        token, group = await _master_pass(csms, station)
        await _stop(first, token, group)
        assert (await second.record())["isActive"] is True


@pytest.mark.case("TC_C_49_CSMS", "Stop with a master pass: without UI", "C16.FR.02")
async def test_tc_c_49_without_a_display_a_master_pass_ends_all_transactions(csms: Csms) -> None:
    """TC_C_49_CSMS (C16.FR.02): the events tell the token that had begun each."""
    async with csms.station() as station:
        sessions = await _charging(csms, station)
        await _master_pass(csms, station)
        for session in sessions:
            await _stop(session, session.token)
