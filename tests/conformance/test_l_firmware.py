"""Block L, firmware management, over the whole stack."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conformance.charging import Session
from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now
from tests.people import until

pytestmark = pytest.mark.stack
case = pytest.mark.case

UPDATE = "configuration/updateFirmware"
FIRMWARE: Payload = {
    "location": "https://firmware.example/f.bin",
    "retrieveDateTime": "2026-01-01T00:00:00Z",
    "signingCertificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "signature": "c2lnbmF0dXJl",
}
SIGNED = ("Downloading", "Downloaded", "SignatureVerified")


async def ask(csms: Csms, station: RawStation, status: str = "Accepted", **times: str) -> int:
    """The operator asks for an update, with certificate and signature; its requestId."""
    firmware = {**FIRMWARE, **times}
    numbers: list[int] = []

    async def play() -> None:
        asked = await station.asked("UpdateFirmware")
        assert asked.payload["firmware"] == firmware
        numbers.append(asked.payload["requestId"])
        await station.answer(asked, {"status": status})

    body = await csms.while_sending(UPDATE, {"firmware": firmware}, play)
    assert body["payload"]["status"] == status
    return numbers[0]


async def tell(station: RawStation, number: int, *words: str) -> None:
    for word in words:
        told = {"status": word, "requestId": number}
        assert await station.call("FirmwareStatusNotification", told) == {}


def soon() -> tuple[str, float]:
    """A time to come, and the seconds until then."""
    seconds = 2.0
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(), seconds


async def restarted(station: RawStation, number: int) -> None:
    """The station installs and restarts."""
    await tell(station, number, "Installing", "InstallRebooting")
    await station.booted("FirmwareUpdate")


async def installed(station: RawStation, number: int) -> None:
    """The station installs, restarts and says that it is done."""
    await restarted(station, number)
    await tell(station, number, "Installed")


async def seen(csms: Csms, number: int, status: str, progress: str | None) -> None:
    """An operator sees the job so in Directus."""
    rows: list[dict[str, Any]] = []

    async def shown() -> bool:
        rows[:] = [
            row
            for row in await csms.operator.rows("Job", csms.station_id)
            if row["requestId"] == number
        ]
        return [(row["status"], row["progress"]) for row in rows] == [(status, progress)]

    try:
        await until(shown)
    except TimeoutError:
        raise AssertionError(f"not {status}, {progress}: {rows}") from None


@case(
    "TC_L_01_CSMS",
    "Secure Firmware Update - Installation successful",
    "L01.FR.01",
    "L01.FR.11",
    "L01.FR.15",
)
async def test_tc_l_01_a_signed_update_is_installed(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await ask(csms, station)
        await tell(station, number, *SIGNED)
        await installed(station, number)
        await seen(csms, number, "Done", "Installed")


@case(
    "TC_L_02_CSMS",
    "Secure Firmware Update - InstallScheduled",
    "L01.FR.01",
    "L01.FR.11",
    "L01.FR.15",
)
async def test_tc_l_02_an_installation_is_scheduled(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        when, seconds = soon()
        number = await ask(csms, station, installDateTime=when)
        await tell(station, number, *SIGNED, "InstallScheduled")
        await seen(csms, number, "Running", "InstallScheduled")
        await asyncio.sleep(seconds)
        await installed(station, number)
        await seen(csms, number, "Done", "Installed")


@case(
    "TC_L_03_CSMS",
    "Secure Firmware Update - DownloadScheduled",
    "L01.FR.01",
    "L01.FR.11",
    "L01.FR.15",
)
async def test_tc_l_03_a_download_is_scheduled(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        when, seconds = soon()
        number = await ask(csms, station, retrieveDateTime=when)
        await tell(station, number, "DownloadScheduled")
        await asyncio.sleep(seconds)
        await tell(station, number, *SIGNED)
        await installed(station, number)
        await seen(csms, number, "Done", "Installed")


async def refused(csms: Csms, status: str) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await ask(csms, station, status)
        await seen(csms, number, "Refused", None)
        station.nothing_more_asked()


@case("TC_L_04_CSMS", "Secure Firmware Update - RevokedCertificate", "L01.FR.01")
async def test_tc_l_04_a_revoked_certificate_refuses_it(csms: Csms) -> None:
    await refused(csms, "RevokedCertificate")


@case("TC_L_05_CSMS", "Secure Firmware Update - InvalidCertificate", "L01.FR.01")
async def test_tc_l_05_an_invalid_certificate_refuses_it(csms: Csms) -> None:
    await refused(csms, "InvalidCertificate")


async def failed(csms: Csms, *words: str) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await ask(csms, station)
        await tell(station, number, *words)
        await seen(csms, number, "Failed", words[-1])


@case("TC_L_06_CSMS", "Secure Firmware Update - InvalidSignature", "L01.FR.01", "L01.FR.11")
async def test_tc_l_06_an_invalid_signature_ends_it(csms: Csms) -> None:
    await failed(csms, "Downloading", "Downloaded", "InvalidSignature")


@case("TC_L_07_CSMS", "Secure Firmware Update - DownloadFailed", "L01.FR.01", "L01.FR.11")
async def test_tc_l_07_a_failed_download_ends_it(csms: Csms) -> None:
    await failed(csms, "Downloading", "DownloadFailed")


@case(
    "TC_L_08_CSMS",
    "Secure Firmware Update - InstallVerificationFailed",
    "L01.FR.01",
    "L01.FR.11",
)
async def test_tc_l_08_a_failed_verification_ends_it(csms: Csms) -> None:
    await failed(csms, *SIGNED, "Installing", "InstallVerificationFailed")


@case("TC_L_09_CSMS", "Secure Firmware Update - InstallationFailed", "L01.FR.01", "L01.FR.11")
async def test_tc_l_09_a_failed_installation_ends_it(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await ask(csms, station)
        await tell(station, number, *SIGNED)
        await restarted(station, number)
        await tell(station, number, "InstallationFailed")
        await seen(csms, number, "Failed", "InstallationFailed")


@case(
    "TC_L_10_CSMS",
    "Secure Firmware Update - AcceptedCanceled",
    "L01.FR.01",
    "L01.FR.11",
    "L01.FR.24",
)
async def test_tc_l_10_another_update_cancels_the_first(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        first = await ask(csms, station)
        await tell(station, first, "Downloading")
        second = await ask(csms, station, "AcceptedCanceled")
        assert second != first
        await tell(station, second, *SIGNED)
        await installed(station, second)
        await seen(csms, second, "Done", "Installed")
        await seen(csms, first, "Cancelled", "Downloading")


@case(
    "TC_L_11_CSMS",
    "Secure Firmware Update - Unable to cancel",
    "L01.FR.01",
    "L01.FR.11",
    "L01.FR.27",
)
async def test_tc_l_11_an_update_that_cannot_be_cancelled_goes_on(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        first = await ask(csms, station)
        await tell(station, first, "Downloading")
        second = await ask(csms, station, "Rejected")
        await tell(station, first, "Downloaded", "SignatureVerified")
        await installed(station, first)
        await seen(csms, first, "Done", "Installed")
        await seen(csms, second, "Refused", None)


@case(
    "TC_L_13_CSMS",
    "Secure Firmware Update - Unable to download/install firmware with ongoing transaction",
    "L01.FR.01",
    "L01.FR.11",
)
async def test_tc_l_13_an_update_waits_for_the_end_of_a_transaction(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        number = await ask(csms, station)
        await tell(station, number, "DownloadScheduled")  # its only connector is in use
        await session.stop_authorized()
        await session.ev_connected_post_session()
        await session.ev_disconnected()
        await tell(station, number, *SIGNED)
        await installed(station, number)
        await seen(csms, number, "Done", "Installed")


async def test_a_job_that_people_make_waits_for_its_station(csms: Csms) -> None:
    """L01, as an operator asks a station that is away."""
    await csms.enter_station()
    row = {"station": csms.station_id, "action": "UpdateFirmware", "parameters": {}}
    row["parameters"] = {"firmware": {**FIRMWARE, "retrieveDateTime": now()}}
    made = await csms.operator.directus.post("/items/Job", json=row)
    assert made.status_code == 200, made.text
    key = made.json()["data"]["id"]

    async def waits() -> bool:
        found = await csms.operator.item("Job", key)
        return bool(found["status"] == "Wanted" and found["askedAt"])

    await until(waits)
    async with csms.station() as station:
        assert (await station.boot())["status"] == "Accepted"
        asked = await station.asked("UpdateFirmware")
        await station.answer(asked, {"status": "Accepted"})
        await tell(station, asked.payload["requestId"], "Downloading")
        await seen(csms, asked.payload["requestId"], "Running", "Downloading")
        assert (await csms.operator.item("Job", key))["status"] == "Running"
        station.nothing_more_asked()
