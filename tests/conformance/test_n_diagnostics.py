"""Block N, diagnostics, over the whole stack."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now
from tests.people import until

pytestmark = pytest.mark.stack
case = pytest.mark.case

TOKEN: Payload = {"idToken": "04A2B3C4D5E6F7", "type": "ISO14443"}
ELSEWHERE: Payload = {"remoteLocation": "https://logs.example/upload"}


async def ask(
    csms: Csms, station: RawStation, path: str, payload: Payload, status: str = "Accepted"
) -> Payload:
    """The operator asks; what the station got."""
    got: list[Payload] = []
    name = path.rpartition("/")[2]

    async def play() -> None:
        asked = await station.asked(f"{name[0].upper()}{name[1:]}")
        got.append(asked.payload)
        await station.answer(asked, {"status": status})

    body = await csms.while_sending(path, payload, play)
    assert body["payload"]["status"] == status
    return got[0]


async def get_log(
    csms: Csms, station: RawStation, log_type: str = "DiagnosticsLog", status: str = "Accepted"
) -> int:
    payload = {"logType": log_type, "log": ELSEWHERE}
    got = await ask(csms, station, "reporting/getLog", payload, status)
    assert got["logType"] == log_type
    number: int = got["requestId"]
    return number


async def tell(station: RawStation, number: int, *words: str) -> None:
    for word in words:
        told = {"status": word, "requestId": number}
        assert await station.call("LogStatusNotification", told) == {}


async def job(csms: Csms, number: int, status: str) -> dict[str, Any]:
    """The job, once an operator sees it so in Directus."""
    rows: list[dict[str, Any]] = []

    async def shown() -> bool:
        found = await csms.operator.rows("Job", csms.station_id)
        rows[:] = [row for row in found if row["requestId"] == number]
        return [row["status"] for row in rows] == [status]

    try:
        await until(shown)
    except TimeoutError:
        raise AssertionError(f"not {status}: {rows}") from None
    return rows[0]


@case("TC_N_25_CSMS", "Retrieve Log Information - Diagnostics Log - Success")
async def test_tc_n_25_a_diagnostics_log_is_uploaded(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await get_log(csms, station)
        await tell(station, number, "Uploading", "Uploaded")
        assert (await job(csms, number, "Done"))["progress"] == "Uploaded"


@case("TC_N_34_CSMS", "Retrieve Log Information - Rejected")
async def test_tc_n_34_a_station_refuses_its_log(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await get_log(csms, station, status="Rejected")
        assert (await job(csms, number, "Refused"))["info"] == "Rejected"


@case("TC_N_35_CSMS", "Retrieve Log Information - Security Log - Success")
async def test_tc_n_35_a_security_log_is_uploaded(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        number = await get_log(csms, station, "SecurityLog")
        await tell(station, number, "Uploading", "Uploaded")
        await job(csms, number, "Done")


@case("TC_N_36_CSMS", "Retrieve Log Information - Second Request")
async def test_tc_n_36_a_second_request_cancels_the_first(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        first = await get_log(csms, station)
        await tell(station, first, "Uploading")
        second = await get_log(csms, station, status="AcceptedCanceled")
        await tell(station, first, "AcceptedCanceled")
        await tell(station, second, "Uploading", "Uploaded")
        await job(csms, second, "Done")
        await job(csms, first, "Cancelled")


async def test_a_log_is_uploaded_to_us_and_read_by_who_has_the_token(csms: Csms) -> None:
    """N01, with the service itself as the place to upload to."""
    async with csms.station() as station, httpx.AsyncClient() as plain:
        await station.booted()
        got = await ask(csms, station, "reporting/getLog", {"logType": "DiagnosticsLog", "log": {}})
        address = got["log"]["remoteLocation"]
        await tell(station, got["requestId"], "Uploading")
        sent = await plain.put(f"{address}/station.log", content=b"line\n" * 1000)
        assert sent.status_code == 201, sent.text
        await tell(station, got["requestId"], "Uploaded")
        row = await job(csms, got["requestId"], "Done")
        assert (row["fileName"], row["fileSize"]) == ("station.log", 5000)
        found = await csms.operator.api.get(urlsplit(row["fileUrl"]).path)
        assert found.content == b"line\n" * 1000
        assert (await plain.put(address, content=b"again")).status_code == 404
        secret = address.rpartition("/")[2]
        assert secret not in csms.operator.stack.log()
        assert secret not in str(await csms.operator.rows("OcppMessage", csms.station_id))
        assert secret not in str(await csms.operator.rows("Job", csms.station_id))


async def customer(
    csms: Csms, asked: Payload, parts: list[str], status: str = "Accepted"
) -> dict[str, Any]:
    """An operator asks for customer information, which the station tells in `parts`."""
    async with csms.station() as station:
        await station.booted()
        got = await ask(csms, station, "reporting/customerInformation", asked, status)
        assert {**got, "requestId": 0} == {**asked, "requestId": 0}
        for number, data in enumerate(parts):
            part = {
                "data": data,
                "seqNo": number,
                "tbc": number < len(parts) - 1,
                "generatedAt": now(),
                "requestId": got["requestId"],
            }
            assert await station.call("NotifyCustomerInformation", part) == {}
        return await job(csms, got["requestId"], "Refused" if status == "Rejected" else "Done")


@case("TC_N_27_CSMS", "Get Customer Information - Accepted + data", "N09.FR.01", "N09.FR.04")
async def test_tc_n_27_a_customers_data_are_told(csms: Csms) -> None:
    asked = {"report": True, "clear": False, "idToken": TOKEN}
    row = await customer(csms, asked, ["Ada ", "Lovelace"])
    assert row["result"] == "Ada Lovelace"


@case("TC_N_28_CSMS", "Get Customer Information - Accepted + no data", "N09.FR.01", "N09.FR.04")
async def test_tc_n_28_no_data_are_told(csms: Csms) -> None:
    row = await customer(csms, {"report": True, "clear": False, "idToken": TOKEN}, [""])
    assert not row["result"]


@case("TC_N_29_CSMS", "Get Customer Information - Not Accepted", "N09.FR.01", "N09.FR.04")
async def test_tc_n_29_a_station_tells_nothing_of_a_customer(csms: Csms) -> None:
    asked = {"report": True, "clear": False, "idToken": TOKEN}
    assert (await customer(csms, asked, [], "Rejected"))["info"] == "Rejected"


@case("TC_N_30_CSMS", "Clear Customer Information - Clear and report + data", "N10.FR.08")
async def test_tc_n_30_data_are_told_and_cleared(csms: Csms) -> None:
    asked = {"report": True, "clear": True, "idToken": TOKEN}
    assert (await customer(csms, asked, ["Ada"]))["result"] == "Ada"


@case("TC_N_31_CSMS", "Clear Customer Information - Clear and report + no data", "N10.FR.08")
async def test_tc_n_31_no_data_are_told_and_cleared(csms: Csms) -> None:
    asked = {"report": True, "clear": True, "idToken": TOKEN}
    assert not (await customer(csms, asked, [""]))["result"]


@case("TC_N_32_CSMS", "Clear Customer Information - Clear and no report", "N10.FR.08")
async def test_tc_n_32_data_are_cleared_without_a_word(csms: Csms) -> None:
    asked = {"report": False, "clear": True, "idToken": TOKEN}
    assert not (await customer(csms, asked, []))["result"]


@case(
    "TC_N_62_CSMS",
    "Clear Customer Information - Clear and report - customerIdentifier",
    "N10.FR.08",
)
async def test_tc_n_62_a_customer_is_named_by_an_identifier(csms: Csms) -> None:
    asked = {"report": True, "clear": True, "customerIdentifier": "OpenChargeAlliance"}
    assert (await customer(csms, asked, ["Ada"]))["result"] == "Ada"
