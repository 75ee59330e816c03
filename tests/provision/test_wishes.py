"""What operators want of stations that are away, on the whole stack: wished in Directus, kept, sent
when the station is there, and shown as it stands."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from citrine_py.model.keys import network_profile_key, password_key, variable_attribute_key
from tests.conformance import raw
from tests.people import Operator, until
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

INTERVAL = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
SET_VARIABLE = "/flows/trigger/c1781e00-0000-4000-8000-000000000404"
SET_PASSWORD = "/flows/trigger/c1781e00-0000-4000-8000-000000000405"


async def report(stack: Stack, station: str) -> None:
    """The station was here once, and has told two variables."""
    async with Operator.of(stack) as people, raw.station(people.open_url, station) as charger:
        await charger.booted()
        data = [
            {
                **INTERVAL,
                "variable": {"name": name},
                "variableAttribute": [{"value": "60", "mutability": mutability}],
                "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
            }
            for name, mutability in (("HeartbeatInterval", "ReadWrite"), ("Fixed", "ReadOnly"))
        ]
        told = {"requestId": 1, "generatedAt": raw.now(), "seqNo": 0, "reportData": data}
        await charger.call("NotifyReport", told)


def key(station: str, variable: str = "HeartbeatInterval") -> str:
    return variable_attribute_key(station, "OCPPCommCtrlr", variable)


async def shows(person: Person, path: str, **fields: Any) -> dict[str, Any]:
    """The row, once it shows these."""
    found: dict[str, Any] = {}

    async def so() -> bool:
        answer = await person.client.get(path)
        if answer.status_code != 200:
            return False
        found.update(answer.json()["data"])
        return all(found[name] == value for name, value in fields.items())

    try:
        await until(so)
    except TimeoutError:
        told = {name: found.get(name) for name in (*fields, "wantedInfo", "info", "passwordInfo")}
        pytest.fail(f"{path} shows {told}")
    return found


async def answers(charger: raw.RawStation, status: str) -> dict[str, Any]:
    """The station answers SetVariables of one variable, which is returned."""
    call = await charger.asked("SetVariables")
    (data,) = call.payload["setVariableData"]
    names = {name: data[name] for name in ("component", "variable")}
    await charger.answer(call, {"setVariableResult": [{**names, "attributeStatus": status}]})
    found: dict[str, Any] = data
    return found


@pytest.mark.parametrize(
    ("status", "progress"), [("Accepted", "Confirmed"), ("Rejected", "Refused")]
)
async def test_b05_a_wished_value_reaches_the_station_that_was_away(
    stack: Stack, operator: Person, viewer: Person, station: str, status: str, progress: str
) -> None:
    await report(stack, station)
    path = f"/items/VariableAttribute/{key(station)}"
    await shows(operator, path, value="60")
    wish = {"wantedValue": "300"}
    assert (await viewer.client.patch(path, json=wish)).status_code == 403
    answer = await operator.client.patch(path, json=wish)
    assert answer.status_code == 200, answer.text
    await shows(operator, path, wantedProgress="Wanted")
    async with Operator.of(stack) as people, raw.station(people.open_url, station) as charger:
        assert (await answers(charger, status))["attributeValue"] == "300"
        row = await shows(operator, path, wantedProgress=progress)
        assert row["value"] == ("300" if status == "Accepted" else "60")
        if status == "Accepted":
            changed = {**INTERVAL, "variableAttribute": [{"value": "60"}]}
            told = {"requestId": 2, "generatedAt": raw.now(), "seqNo": 0, "reportData": [changed]}
            await charger.call("NotifyReport", told)
            await shows(operator, path, wantedProgress="Drifted")
            refused = await operator.client.patch(path, json={"wantedProgress": "Confirmed"})
            assert refused.status_code == 400
            again = await operator.client.patch(path, json={"wantedProgress": "Wanted"})
            assert again.status_code == 200, again.text
            await answers(charger, "Accepted")
            await shows(operator, path, wantedProgress="Confirmed", wantedInfo=None)


async def test_a_wish_that_cannot_come_true_is_refused_in_the_form(
    stack: Stack, operator: Person, station: str
) -> None:
    await report(stack, station)
    fixed = f"/items/VariableAttribute/{key(station, 'Fixed')}"
    await shows(operator, fixed, value="60")
    answer = await operator.client.patch(fixed, json={"wantedValue": "61"})
    assert (answer.status_code, "ReadOnly" in answer.text) == (400, True)


async def test_the_flow_keeps_a_value_as_wanted_for_a_station_that_is_away(
    stack: Stack, operator: Person, station: str
) -> None:
    form = {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "300"}
    body = {"collection": "ChargingStation", "keys": [station], **form}
    told = (await operator.client.post(SET_VARIABLE, json={**body, "keepWanted": False})).json()
    assert "is not connected" in str(told)
    told = (await operator.client.post(SET_VARIABLE, json={**body, "keepWanted": True})).json()
    assert "kept as wanted" in str(told)
    path = f"/items/VariableAttribute/{key(station)}"
    await shows(operator, path, wantedProgress="Wanted", wantedValue="300")
    async with Operator.of(stack) as people, raw.station(people.open_url, station) as charger:
        await charger.booted()
        await answers(charger, "Accepted")
        await shows(operator, path, wantedProgress="Confirmed", value="300")


@pytest.mark.parametrize(
    ("status", "progress"), [("Accepted", "Confirmed"), ("Rejected", "Refused")]
)
async def test_a01_a_wished_password_waits_sealed(
    stack: Stack,
    people: People,
    operator: Person,
    service: httpx.AsyncClient,
    station: str,
    status: str,
    progress: str,
) -> None:
    password = f"Secret-{uuid.uuid4().hex[:24]}"
    form = {"newPassword": password, "keepWanted": True}
    body = {"collection": "ChargingStation", "keys": [station], **form}
    told = (await operator.client.post(SET_PASSWORD, json=body)).json()
    assert "when the station is back" in str(told)
    path = f"/items/ChargingStation/{station}"
    await shows(operator, path, passwordProgress="Wanted")

    async def sealed() -> str | None:
        answer = await service.get("/citrine/credentials", params={"keys": password_key(station)})
        rows = answer.json()["data"]
        return rows[0]["wantedPassword"] if rows else None

    async def waits() -> bool:
        return await sealed() is not None

    await until(waits)
    secret = await sealed()
    assert secret is not None
    assert password not in secret
    for client in (people.admin, operator.client):
        rows = await client.get(f"/items/VariableAttribute/{password_key(station)}")
        assert secret not in rows.text
    async with Operator.of(stack) as at, raw.station(at.open_url, station) as charger:
        await charger.booted()
        assert (await answers(charger, status))["attributeValue"] == password
        await shows(operator, path, passwordProgress=progress)

        async def forgotten() -> bool:
            return await sealed() is None

        await until(forgotten)
    headers = raw.basic(station, password)
    refusal = raw.refusal(at.password_url, station, headers)
    if status == "Rejected":
        assert await refusal == 401
    else:
        refusal.close()
        async with raw.station(at.password_url, station, headers) as charger:
            await charger.booted()


async def test_b09_b10_a_network_profile_is_brought_to_the_station_and_confirmed(
    stack: Stack, operator: Person, station: str
) -> None:
    password = f"Secret-{uuid.uuid4().hex[:24]}"
    async with Operator.of(stack) as people:
        await people.set_password(station, password, set_on_charger=True)
        row = {
            "station": station,
            "configurationSlot": 1,
            "listener": "password",
            "messageTimeout": 30,
            "ocppInterface": "Wired0",
            "activate": True,
        }
        answer = await operator.client.post("/items/NetworkProfile", json=row)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["id"] == network_profile_key(station, 1)
        path = f"/items/NetworkProfile/{network_profile_key(station, 1)}"
        await shows(operator, path, progress="Wanted")
        async with raw.station(people.open_url, station) as charger:
            await charger.booted()
            call = await charger.asked("SetNetworkProfile")
            data = call.payload["connectionData"]
            assert (data["ocppCsmsUrl"], data["securityProfile"]) == (people.password_url, 1)
            await charger.answer(call, {"status": "Accepted"})
            call = await charger.asked("GetVariables")
            (asked,) = call.payload["getVariableData"]
            told = {**asked, "attributeStatus": "Accepted", "attributeValue": "0"}
            await charger.answer(call, {"getVariableResult": [told]})
            assert (await answers(charger, "Accepted"))["attributeValue"] == "1,0"
            await charger.answer(await charger.asked("Reset"), {"status": "Accepted"})
            await shows(operator, path, progress="Resetting")
        headers = raw.basic(station, password)
        async with raw.station(people.password_url, station, headers) as charger:
            await charger.booted(reason="RemoteReset")
            await shows(operator, path, progress="Confirmed")
            lower = {"configurationSlot": 2, "listener": "open"}
            answer = await operator.client.post("/items/NetworkProfile", json={**row, **lower})
            assert answer.status_code == 200, answer.text
            second = await shows(
                operator,
                f"/items/NetworkProfile/{network_profile_key(station, 2)}",
                progress="Refused",
            )
            assert "security profile 0 is lower" in second["info"]
            params = {"stationId": station, "configurationSlot[]": ["1", "2"]}
            profiles = "/data/configuration/serverNetworkProfile"
            found = (await people.api.get(profiles, params=params)).json()
            assert [each["configurationSlot"] for each in found] == [1, 2]
            gone = await people.api.delete(
                profiles, params={"stationId": station, "configurationSlot": 2}
            )
            assert gone.status_code == 200, gone.text
            assert len((await people.api.get(profiles, params={"stationId": station})).json()) == 1


async def test_a_profile_of_a_station_and_slot_is_one_row_and_holds_no_secret(
    operator: Person, station: str
) -> None:
    row = {"station": station, "configurationSlot": 1, "ocppCsmsUrl": "wss://csms.example"}
    secret = {"vpn": {"server": "s", "user": "u", "password": "p", "key": "k", "type": "IKEv2"}}
    answer = await operator.client.post("/items/NetworkProfile", json={**row, **secret})
    assert (answer.status_code, "secrets do not stand here" in answer.text) == (400, True)
    with_user = {**row, "ocppCsmsUrl": "wss://me:secret@csms.example"}
    assert (await operator.client.post("/items/NetworkProfile", json=with_user)).status_code == 400
    assert (await operator.client.post("/items/NetworkProfile", json=row)).status_code == 200
    assert (await operator.client.post("/items/NetworkProfile", json=row)).status_code == 400
    path = f"/items/NetworkProfile/{network_profile_key(station, 1)}"
    await shows(operator, path, progress="Wanted")
    moved = await operator.client.patch(path, json={"configurationSlot": 2})
    assert moved.status_code == 400
