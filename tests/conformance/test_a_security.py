"""Block A: the official cases of Basic authentication and of password updates (Part 6, 3.2)."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from tests.conformance.csms import Csms
from tests.conformance.raw import RawStation

pytestmark = pytest.mark.stack

PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"
NEW_PASSWORD = "Conformance=new+password|0123456789.Abc"


@pytest.fixture
async def known(csms: Csms) -> Csms:
    """The station has its entry and its password, which it uses already."""
    await csms.enter_station()
    answer = await csms.set_password(PASSWORD, set_on_charger=True)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return csms


@pytest.mark.case(
    "TC_A_01_CSMS",
    "Basic authentication: valid username/password combination",
    "A00.FR.204",
    "B01.FR.02",
)
async def test_tc_a_01_valid_credentials_are_let_in_and_the_boot_is_accepted(known: Csms) -> None:
    """TC_A_01_CSMS (A00.FR.204, B01.FR.02)."""
    async with known.station(PASSWORD) as station:
        await station.booted()


@pytest.mark.case(
    "TC_A_02_CSMS", "Basic authentication: username is not the station's id", "A00.FR.204"
)
async def test_tc_a_02_a_user_that_is_not_the_station_is_refused(known: Csms) -> None:
    """TC_A_02_CSMS (A00.FR.204): the right password under `<id>Invalid`."""
    assert await known.refusal(f"{known.station_id}Invalid", PASSWORD) == 401


@pytest.mark.case("TC_A_03_CSMS", "Basic authentication: invalid password", "A00.FR.204")
async def test_tc_a_03_a_wrong_password_is_refused(known: Csms) -> None:
    """TC_A_03_CSMS (A00.FR.204): a random password of 16 to 40 characters."""
    assert await known.refusal(password=secrets.token_hex(16)) == 401


@pytest.mark.case(
    "TC_A_09_CSMS",
    "Update password for HTTP Basic authentication: accepted",
    "A01.FR.02",
    "A01.FR.03",
)
async def test_tc_a_09_a_new_password_that_is_accepted_is_the_only_one_valid(known: Csms) -> None:
    """TC_A_09_CSMS (A01.FR.02, A01.FR.03).

    Beyond its steps, what its purpose says: the old credentials are not accepted any more.
    """
    async with known.station(PASSWORD) as station:
        await station.booted()
        await _update_password(known, station, "Accepted")
    async with known.station(NEW_PASSWORD) as station:
        await station.booted()
    assert await known.refusal(password=PASSWORD) == 401


@pytest.mark.case(
    "TC_A_10_CSMS",
    "Update password for HTTP Basic authentication: rejected",
    "A01.FR.02",
    "A01.FR.04",
    "A01.FR.05",
)
async def test_tc_a_10_a_new_password_that_is_rejected_leaves_the_old_one_valid(
    known: Csms,
) -> None:
    """TC_A_10_CSMS (A01.FR.02, A01.FR.04, A01.FR.05)."""
    async with known.station(PASSWORD) as station:
        await station.booted()
        await _update_password(known, station, "Rejected")
    async with known.station(PASSWORD) as station:
        await station.booted()
    assert await known.refusal(password=NEW_PASSWORD) == 401


async def _update_password(csms: Csms, station: RawStation, status: str) -> None:
    """Steps 1 and 2: SetVariables with the new password, answered with `status`."""
    sending = asyncio.ensure_future(csms.set_password(NEW_PASSWORD, set_on_charger=False))
    call = await station.asked("SetVariables")
    (wanted,) = call.payload["setVariableData"]
    assert wanted["variable"]["name"] == "BasicAuthPassword"
    assert wanted["component"]["name"] == "SecurityCtrlr"
    assert wanted["attributeValue"] == NEW_PASSWORD
    result = {
        "component": wanted["component"],
        "variable": wanted["variable"],
        "attributeStatus": status,
    }
    await station.answer(call, {"setVariableResult": [result]})
    answer = await sending
    assert answer.json()["success"] is (status == "Accepted"), answer.text
    assert NEW_PASSWORD not in answer.text
