"""Every sentence of the seed's "Connecting a Charger", over the real stack.

One test for each, in the order of the document; the docstring is the sentence in
short. The chargers are simulated ones. What a listener with TLS refuses before
there is any HTTP (profiles 2 and 3) is proven in tests/edge/test_listener.py.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from citrine_py.simulator.scenarios import Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation
from tests.people import Operator, until
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

DOCUMENT = Path(__file__).parents[2] / "docs" / "connecting-a-charger.md"
PACE = Pace(retry=0.5, reboot=0.1, first_wait=0.1, longest_wait=0.5)
ALPHABET = re.compile(r"[a-zA-Z0-9*\-_=:+|@.]{16,40}")

SEED_PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"
SEED_BOOT = """\
curl --location --request PUT 'http://localhost:8080/data/configuration/boot?stationId=cp001' \\
--header 'Content-Type: application/json' \\
--data '{ "status": "Pending" }'
"""
SEED_SET_PASSWORD = """\
curl --location --request POST 'localhost:8080/data/configuration/password?callbackUrl=csms.pro/api/notifications' \\
--header 'Content-Type: application/json' \\
--data '{
  "stationId": "cp001",
  "password": "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L",
  "setOnCharger": false
}'
"""  # noqa: E501 - as the seed has it


@pytest.fixture
async def operator(stack: Stack) -> AsyncIterator[Operator]:
    async with Operator.of(stack) as signed_in:
        yield signed_in


@pytest.fixture
def name() -> str:
    """A station that nobody has seen."""
    return f"seed-{uuid4().hex[:10]}"


def charger(
    operator: Operator, name: str, password: str | None = None, **more: Any
) -> SimulatedStation:
    url = operator.open_url if password is None else operator.password_url
    config = StationConfig(id=name, url=url, password=password, pace=PACE, **more)
    return SimulatedStation(config)


async def refusal(
    operator: Operator, name: str, password: str | None = None, user: str | None = None
) -> int:
    """The HTTP status with which the password port refuses; 101 if it does not."""
    headers = {}
    if password is not None:
        pair = base64.b64encode(f"{user or name}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    try:
        socket = await connect(
            f"{operator.password_url}/{name}",
            subprotocols=[Subprotocol("ocpp2.0.1")],
            additional_headers=headers,
            proxy=None,
        )
    except InvalidStatus as refused:
        return refused.response.status_code
    await socket.close()
    return 101


async def known(operator: Operator, name: str, password: str | None = None) -> None:
    """The station has its entry, and a password."""
    await operator.enter_station(name)

    async def entered() -> bool:
        return await refusal(operator, name) == 401

    await until(entered)
    if password is not None:
        answer = await operator.set_password(name, password, set_on_charger=True)
        assert answer.status_code == 200, answer.text


def run_curl(text: str, stack: Stack, folder: Path) -> tuple[int, Any]:
    """Runs a curl line in a shell, with this stack's address in place of localhost:8080; its
    HTTP status and JSON. Status and silence are asked for by a .curlrc, not in the line."""
    assert text in DOCUMENT.read_text()
    (folder / ".curlrc").write_text('silent\nnoproxy = "*"\nwrite-out = "\\n%{http_code}"\n')
    address = urlsplit(stack.api_url).netloc
    done = subprocess.run(
        ["bash", "-c", text.replace("localhost:8080", address)],
        env={**os.environ, "CURL_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


# ---- connecting ------------------------------------------------------------------------


async def test_a_charger_needs_no_set_up_to_connect(operator: Operator, name: str) -> None:
    """Just point it to ws://localhost:8081; you may need to append the station id."""
    async with charger(operator, name) as it:
        await it.accepted()
        await _shown_online(operator, name)


async def _shown_online(operator: Operator, name: str) -> None:
    async def online() -> bool:
        answer = await operator.directus.get(f"/items/ChargingStation/{name}")
        return answer.status_code == 200 and answer.json()["data"]["isOnline"] is True

    await until(online)


async def test_the_boot_table_reviews_the_most_recent_boot(operator: Operator, name: str) -> None:
    """In Directus the Boot table shows the boot status; after a successful boot: Accepted."""
    async with charger(operator, name) as it:
        await it.accepted()

    async def reviewed() -> bool:
        answer = await operator.directus.get(f"/items/Boot/{name}")
        return answer.status_code == 200 and answer.json()["data"]["status"] == "Accepted"

    await until(reviewed)
    row = await operator.item("Boot", name)
    assert row["lastBootStatus"] == "Accepted"
    assert row["lastBootReason"] == "PowerUp"
    assert row["lastBootTime"]
    assert row["model"] == "Citrus 22"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_the_boot_table_sets_the_status_of_the_next_boot(
    operator: Operator, name: str, status: str
) -> None:
    """... as well as set a boot status for the next BootNotificationRequest received."""
    async with charger(operator, name) as it:
        await it.accepted()
    await until(lambda: _has_boot(operator, name))
    await operator.edit("Boot", name, status=status, getBaseReportOnPending=False)

    async def in_force() -> bool:
        return bool((await operator.boot(name))["status"] == status)

    await until(in_force, seconds=2)
    async with charger(operator, name) as it:
        await it.until(lambda it: it.boots == 1)
        assert it.registration == status


async def _has_boot(operator: Operator, name: str) -> bool:
    return (await operator.directus.get(f"/items/Boot/{name}")).status_code == 200


async def test_pending_with_report_fetches_the_device_model_and_then_accepts(
    operator: Operator, name: str
) -> None:
    """Status Pending and 'Get Base Report On Pending': the next boot is Pending, then
    GetBaseReport, a series of NotifyReport; after the full report the next is Accepted."""
    await operator.enter_station(name)
    answer = await operator.directus.post(
        "/items/Boot",
        json={"id": name, "station": name, "status": "Pending", "getBaseReportOnPending": True},
    )
    assert answer.status_code in {200, 204}, answer.text

    async def in_force() -> bool:
        return await operator.boot(name) is not None

    await until(in_force, seconds=2)
    async with charger(operator, name, variables=150) as it:
        await it.until(lambda it: it.boots == 1)
        assert it.registration == "Pending"
        await it.accepted(30)
        asked = [seen for seen in it.calls if seen.action == "GetBaseReport"]
        assert [seen.payload["reportBase"] for seen in asked] == ["FullInventory"]
        expected = len(it.behaviour.model)

    async def all_there() -> bool:
        rows = await operator.rows("VariableAttribute", name)
        variables = {
            (r["component"], r["componentInstance"], r["evseId"], r["connectorId"],
             r["variable"], r["variableInstance"])
            for r in rows
        }  # fmt: skip
        return len(variables) == expected

    await until(all_there)


async def test_the_boot_record_can_be_manipulated_over_rest(operator: Operator, name: str) -> None:
    """The Boot table has CRUD endpoints."""
    assert await operator.boot(name) is None
    await operator.set_boot(name, status="Rejected", heartbeatInterval=30)
    record = await operator.boot(name)
    assert (record["status"], record["heartbeatInterval"]) == ("Rejected", 30)
    await operator.set_boot(name, status="Accepted")
    assert (await operator.boot(name))["status"] == "Accepted"
    answer = await operator.api.delete("/data/configuration/boot", params={"stationId": name})
    assert answer.status_code == 200
    assert await operator.boot(name) is None


async def test_the_endpoints_are_described_at_docs(operator: Operator) -> None:
    """... of which the docs can be found at localhost:8080/docs."""
    page = await operator.api.get("/docs", follow_redirects=True)
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


async def test_the_seeds_curl_line_sets_the_boot_of_cp001(
    operator: Operator, stack: Stack, tmp_path: Path
) -> None:
    """Here is an example request for charge point cp001: the curl line verbatim."""
    status, body = run_curl(SEED_BOOT, stack, tmp_path)
    assert status == 200
    assert body["status"] == "Pending"
    try:
        async with charger(operator, "cp001") as it:
            await it.until(lambda it: it.boots == 1)
            assert it.registration == "Pending"
    finally:
        await operator.api.delete("/data/configuration/boot", params={"stationId": "cp001"})


# ---- security profile 1 ----------------------------------------------------------------


@pytest.mark.parametrize("subprotocols", [None, ["ocpp1.6"], ["ocpp2.0", "soap"]])
@pytest.mark.parametrize("port", [0, 1])
async def test_a_wrong_subprotocol_is_refused(
    operator: Operator, name: str, port: int, subprotocols: list[Subprotocol] | None
) -> None:
    """The upgrade can be rejected if the subprotocol header is incorrect; only 'ocpp2.0.1'."""
    url = operator.stack.websocket_urls[port]
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{url}/{name}", subprotocols=subprotocols, proxy=None)
    assert refused.value.response.status_code == 400
    assert b"ocpp2.0.1" in (refused.value.response.body or b"")


async def test_an_unknown_station_is_refused_at_8082_alone(operator: Operator, name: str) -> None:
    """... is not known: enabled by default only for the profile 1 server at :8082."""
    assert await refusal(operator, name, SEED_PASSWORD) == 404
    async with charger(operator, name) as it:
        await it.accepted()


async def test_a_charger_is_entered_in_directus(operator: Operator, name: str) -> None:
    """Create and save a new entry in the Charging Station collection; make sure the id is the
    station's as set in the url it uses."""
    await known(operator, name)
    assert await refusal(operator, name, SEED_PASSWORD) == 401
    assert await refusal(operator, name.upper(), SEED_PASSWORD) == 404


async def test_a_wrong_user_or_password_is_refused(operator: Operator, name: str) -> None:
    """The username is checked against the station's id in the url, the password against the
    device model associated with it."""
    await known(operator, name, SEED_PASSWORD)
    assert await refusal(operator, name) == 401
    assert await refusal(operator, name, SEED_PASSWORD + "x") == 401
    assert await refusal(operator, name, SEED_PASSWORD, user=f"{name}x") == 401
    assert await refusal(operator, name, SEED_PASSWORD) == 101


async def test_the_password_is_the_actual_attribute_of_basic_auth_password(
    operator: Operator, name: str
) -> None:
    """It is the Actual Variable Attribute of BasicAuthPassword on SecurityCtrlr, which can be
    set on the CSMS side using the Variable Attribute CRUD endpoints."""
    await known(operator, name)
    answer = await operator.api.put(
        "/data/monitoring/variableAttribute",
        params={"stationId": name, "setOnCharger": "true"},
        json={
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "variableAttribute": [{"type": "Actual", "value": SEED_PASSWORD}],
        },
    )
    assert answer.status_code == 200, answer.text
    assert SEED_PASSWORD not in answer.text
    assert await refusal(operator, name, SEED_PASSWORD) == 101
    (row,) = await operator.attributes(
        name, component_name="SecurityCtrlr", variable_name="BasicAuthPassword"
    )
    assert row["type"] == "Actual"
    assert SEED_PASSWORD not in str(row)
    assert "$2" not in str(row)


async def test_the_password_can_be_set_on_the_charger_by_set_variables(
    operator: Operator, name: str
) -> None:
    """You can set it on the Charging Station side using the SetVariables message, which can be
    sent using the Monitoring module's message API."""
    await known(operator, name, SEED_PASSWORD)
    new = "another-password-of-cp+0123456789"
    async with charger(operator, name, SEED_PASSWORD) as it:
        await it.accepted()
        asked = {
            "setVariableData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "attributeValue": new,
                }
            ]
        }
        answer = await operator.send(name, "monitoring/setVariables", asked)
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["payload"]["setVariableResult"]
        assert result["attributeStatus"] == "Accepted"
        assert new not in answer.text
        await it.until(lambda it: it.connections == 2)
        assert it.password == new
    assert await refusal(operator, name, new) == 101


async def test_with_entry_and_password_it_connects_at_8082(operator: Operator, name: str) -> None:
    """Once a charger has an entry and its password has been set, you can connect it there."""
    await known(operator, name, SEED_PASSWORD)
    async with charger(operator, name, SEED_PASSWORD) as it:
        await it.accepted()

    async def shown() -> bool:
        return bool((await operator.item("ChargingStation", name))["securityProfile"] == 1)

    await until(shown)


async def test_the_seeds_curl_line_sets_the_password_of_cp001(
    operator: Operator, stack: Stack, tmp_path: Path
) -> None:
    """To add a password send the following request: the curl line verbatim. The callback's
    address cannot be reached, which is no failure."""
    async with charger(operator, "cp001") as it:
        await it.accepted()
        loop = asyncio.get_running_loop()
        status, body = await loop.run_in_executor(
            None, run_curl, SEED_SET_PASSWORD, stack, tmp_path
        )
        assert (status, body["success"]) == (200, True)
        assert it.behaviour.stored_password == SEED_PASSWORD
    assert await refusal(operator, "cp001", SEED_PASSWORD) == 101


async def test_the_password_is_sent_in_plain_text_and_not_hashed(
    operator: Operator, name: str
) -> None:
    """The password should be sent in plain text and should not be hashed."""
    await known(operator, name)
    hashed = "$2b$12$abcdefghijklmnopqrstuv"
    answer = await operator.set_password(name, hashed, set_on_charger=True)
    assert answer.status_code == 400
    assert answer.json()["success"] is False


async def test_set_on_charger_true_changes_our_record_only(operator: Operator, name: str) -> None:
    """Set it to true if the password has already been updated on the charger."""
    async with charger(operator, name) as it:
        await it.accepted()
        answer = await operator.set_password(name, SEED_PASSWORD, set_on_charger=True)
        assert answer.status_code == 200, answer.text
        assert answer.json()["success"] is True
        assert not [seen for seen in it.calls if seen.action == "SetVariables"]
    assert await refusal(operator, name, SEED_PASSWORD) == 101


async def test_set_on_charger_false_updates_the_charger_first(
    operator: Operator, name: str
) -> None:
    """If you need to update the password on the charger (A01), set setOnCharger to false."""
    await known(operator, name, "the-old-password.0123456789")
    async with charger(operator, name, "the-old-password.0123456789") as it:
        await it.accepted()
        answer = await operator.set_password(name, SEED_PASSWORD, set_on_charger=False)
        assert answer.status_code == 200, answer.text
        await it.until(lambda it: it.connections == 2)
        assert it.password == SEED_PASSWORD
    assert await refusal(operator, name, SEED_PASSWORD) == 101
    assert await refusal(operator, name, "the-old-password.0123456789") == 401


async def test_set_on_charger_false_changes_nothing_where_the_charger_cannot_be_asked(
    operator: Operator, name: str
) -> None:
    """... so our record does not change while the charger has not got it."""
    await known(operator, name, "the-old-password.0123456789")
    answer = await operator.set_password(name, SEED_PASSWORD, set_on_charger=False)
    assert answer.status_code == 502
    assert answer.json()["success"] is False
    assert await refusal(operator, name, "the-old-password.0123456789") == 101
    assert await refusal(operator, name, SEED_PASSWORD) == 401


async def test_a_password_is_mandatory_only_when_set_on_charger_is_true(
    operator: Operator, name: str
) -> None:
    """This prevents updating the device model with an autogenerated password without updating
    the charger itself."""
    await known(operator, name)
    answer = await operator.set_password(name, None, set_on_charger=True)
    assert answer.status_code == 400
    assert answer.json()["success"] is False


async def test_a_password_that_is_not_provided_is_generated(operator: Operator, name: str) -> None:
    """If you do not provide a password, it will be automatically generated."""
    await known(operator, name, SEED_PASSWORD)
    async with charger(operator, name, SEED_PASSWORD) as it:
        await it.accepted()
        answer = await operator.set_password(name, None, set_on_charger=False)
        assert answer.status_code == 200, answer.text
        await it.until(lambda it: it.connections == 2)
        generated = it.password
    assert generated != SEED_PASSWORD
    assert ALPHABET.fullmatch(generated or "")
    assert await refusal(operator, name, generated) == 101


@pytest.mark.parametrize("password", ["too-short-15-ch", "x" * 41, "with a space in its middle"])
async def test_a_password_that_is_provided_must_comply_with_ocpp(
    operator: Operator, name: str, password: str
) -> None:
    """If you do provide one, it must comply with the OCPP specification."""
    await known(operator, name)
    answer = await operator.set_password(name, password, set_on_charger=True)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert password not in answer.text


# ---- the document ----------------------------------------------------------------------


def test_the_documents_curl_lines_are_the_seeds() -> None:
    """Our document has no other curl lines than those two, verbatim."""
    shells = re.findall(r"```shell\n(curl.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert shells == [SEED_BOOT, SEED_SET_PASSWORD]
