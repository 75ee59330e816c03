"""An operator's day in Directus, in a real browser: sees a station, sets its boot to pending,
presses a button, and reads what came of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from citrine_py.provision.definition import OPERATOR_POLICY
from tests.browser.directus_pages import PATIENCE, Directus, browser
from tests.whole_stack import COMMAND, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser]

_WITHIN = 30  # seconds


def make_operator(stack: Stack) -> tuple[str, str]:
    """A person with the Operator role; e-mail and password."""
    admin = {"Authorization": f"Bearer {stack.admin_token}"}
    access = httpx.get(
        f"{stack.directus_url}/access",
        params={"filter[policy][_eq]": OPERATOR_POLICY, "filter[role][_nnull]": "true"},
        headers=admin,
    ).json()["data"]
    email, password = f"operator-{uuid4().hex[:8]}@example.com", uuid4().hex
    made = httpx.post(
        f"{stack.directus_url}/users",
        headers=admin,
        json={"email": email, "password": password, "role": access[0]["role"]},
    )
    assert made.is_success, made.text
    return email, password


@contextmanager
def simulated(stack: Stack, station: str) -> Iterator[None]:
    """A charger of ours, connected and booted."""
    command = [*COMMAND, "simulate", "--station", station, "--url", stack.websocket_urls[0]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(stack, station, "progress", "Done")
        yield
    finally:
        process.terminate()
        process.wait(10)


def boot_of(stack: Stack, station: str) -> dict[str, object]:
    answer = httpx.get(
        f"{stack.api_url}/data/configuration/boot", params={"stationId": station}
    ).json()
    return dict(answer or {})


def wait_for(stack: Stack, station: str, field: str, value: object, after: str = "") -> None:
    """Waits until the station's Boot record has this value, on a boot after `after`."""
    deadline = time.monotonic() + _WITHIN
    boot: dict[str, object] = {}
    while time.monotonic() < deadline:
        boot = boot_of(stack, station)
        if boot.get(field) == value and str(boot.get("lastBootTime") or "") > after:
            return
        time.sleep(0.1)
    pytest.fail(f"{field} is not {value!r}: {boot}")


def test_an_operator_sees_a_station_steers_its_boot_and_reads_the_outcome(stack: Stack) -> None:
    station = f"day-{uuid4().hex[:8]}"
    email, password = make_operator(stack)
    with simulated(stack, station), browser() as running:
        directus = Directus(
            running.new_page(viewport={"width": 1440, "height": 1100}), stack.directus_url
        )
        page = directus.page
        directus.sign_in(email, password)

        # the station has booted, and its connectors are there
        directus.open(f"ChargingStation/{station}")
        expect(directus.field("registrationStatus")).to_contain_text("Accepted", timeout=PATIENCE)
        expect(directus.field("connectors")).to_contain_text("Available", timeout=PATIENCE)
        first_boot = str(boot_of(stack, station)["lastBootTime"])

        # its boot is set to pending, with a report; that is in force at once
        directus.open(f"Boot/{station}")
        directus.choose("status", "Pending")
        directus.field("getBaseReportOnPending").get_by_role("checkbox").click()
        directus.save()
        wait_for(stack, station, "status", "Pending")
        assert boot_of(stack, station)["getBaseReportOnPending"] is True

        # the button restarts the station, which comes back pending, reports, and is accepted
        directus.open(f"ChargingStation/{station}")
        directus.run_flow("Reset")
        wait_for(stack, station, "progress", "Done", after=first_boot)

        # the device model is on the station's page, and the outcome in the bell's drawer
        directus.open(f"ChargingStation/{station}")
        directus.tab("Device model")
        table = directus.field("variableAttributes")
        expect(table).to_contain_text("AlignedDataCtrlr", timeout=PATIENCE)
        expect(directus.notifications()).to_contain_text(f"Reset: {station} done")
        page.close()
