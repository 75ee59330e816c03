"""Firmware, logs, monitors, display messages and certificates of a simulated station."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from hashlib import md5
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from citrine_py.model.times import iso
from tests.pki import Holder, root
from tests.simulator.mind import TOKEN, Mind

URL = "http://127.0.0.1/citrus-2.1.0.bin"


def firmware(mind: Mind, **more: Any) -> Any:
    told = {"location": URL, "retrieveDateTime": iso(mind.time), **more}
    return mind.ask("UpdateFirmware", {"requestId": 3, "firmware": told})


def statuses(mind: Mind, action: str = "FirmwareStatusNotification") -> list[str]:
    return [it["status"] for it in mind.all(action)]


def test_l02_new_firmware_is_told_step_by_step_and_runs_after_a_reboot() -> None:
    mind = Mind()
    mind.files[URL] = b"new"
    assert firmware(mind) == {"status": "Accepted"}
    mind.run(60)
    assert statuses(mind) == [
        "Downloading", "Downloaded", "Installing", "InstallRebooting", "Installed",
    ]  # fmt: skip
    assert {it["requestId"] for it in mind.all("FirmwareStatusNotification")} == {3}
    assert mind.reasons[-1] == "FirmwareUpdate"
    assert (
        mind.it.provisioning.boot_notification("PowerUp")["chargingStation"]["firmwareVersion"]
        == "2.1.0"
    )
    assert mind.all("SecurityEventNotification")[-1]["type"] == "FirmwareUpdated"


def test_l02_times_are_kept_and_a_file_that_is_not_there_is_tried_again() -> None:
    mind = Mind()
    later = iso(mind.time + timedelta(minutes=5))
    firmware(mind, retrieveDateTime=later)
    mind.run(60)
    assert statuses(mind) == ["DownloadScheduled"]
    mind.run(400)
    assert statuses(mind)[-1] == "DownloadFailed"
    mind.files[URL] = b"new"
    firmware(mind, installDateTime=iso(mind.time + timedelta(minutes=5)))
    mind.run(60)
    assert statuses(mind)[-1] == "InstallScheduled"
    assert firmware(mind) == {"status": "AcceptedCanceled"}
    mind.run(2)
    assert firmware(mind)["status"] == "Rejected"


def test_l01_a_certificate_that_is_none_is_refused() -> None:
    assert firmware(Mind(), signingCertificate="x", signature="y") == {
        "status": "InvalidCertificate"
    }


@pytest.mark.parametrize(
    ("content", "last"), [(b"new", "Installed"), (b"forged", "InvalidSignature")]
)
def test_l01_signed_firmware_is_verified(content: bytes, last: str) -> None:
    mind, maker = Mind(), root("Maker")
    mind.files[URL] = content
    signature = maker.key.sign(b"new", ec.ECDSA(hashes.SHA256()))
    firmware(mind, signingCertificate=maker.pem, signature=b64encode(signature).decode())
    mind.run(60)
    assert statuses(mind)[-1] == last
    assert ("SignatureVerified" in statuses(mind)) is (last == "Installed")
    kind = "FirmwareUpdated" if last == "Installed" else "InvalidFirmwareSignature"
    assert mind.all("SecurityEventNotification")[-1]["type"] == kind
    log = {"remoteLocation": "http://127.0.0.1/x"}
    mind.ask("GetLog", {"requestId": 5, "logType": "SecurityLog", "log": log})
    assert [line.split()[-1] for line in mind.uploads[0].decode().splitlines()] == [kind]


def test_l03_firmware_is_published_by_its_checksum() -> None:
    mind = Mind()
    mind.files[URL] = b"new"
    checksum = md5(b"new").hexdigest()
    asked = {"location": URL, "checksum": checksum, "requestId": 4}
    mind.ask("PublishFirmware", asked)
    action = "PublishFirmwareStatusNotification"
    assert statuses(mind, action) == ["Downloading", "Downloaded", "ChecksumVerified", "Published"]
    assert mind.ask("UnpublishFirmware", {"checksum": checksum}) == {"status": "Unpublished"}
    assert mind.ask("UnpublishFirmware", {"checksum": checksum}) == {"status": "NoFirmware"}
    mind.ask("PublishFirmware", {**asked, "checksum": "0" * 32})
    assert statuses(mind, action)[-1] == "InvalidChecksum"


@pytest.mark.parametrize(
    ("url", "last"), [("http://127.0.0.1/x", "Uploaded"), ("ftp://h/x", "UploadFailure")]
)
def test_n01_a_log_is_uploaded(url: str, last: str) -> None:
    mind = Mind()
    asked = {"requestId": 5, "logType": "DiagnosticsLog", "log": {"remoteLocation": url}}
    assert mind.ask("GetLog", asked)["filename"] == "cp001-DiagnosticsLog-5.log"
    mind.run(1)
    assert statuses(mind, "LogStatusNotification") == ["Uploading", last]
    assert b"asked for GetLog" in mind.uploads[0]


def test_n09_what_is_known_of_a_customer_is_told_and_forgotten() -> None:
    mind = Mind()
    mind.charge(10)
    mind.present()
    asked = {"requestId": 6, "report": True, "clear": True, "idToken": TOKEN}
    assert mind.ask("CustomerInformation", asked) == {"status": "Accepted"}
    assert mind.all("NotifyCustomerInformation")[0]["data"] == "cache: Accepted"
    mind.ask("CustomerInformation", asked)
    assert mind.all("NotifyCustomerInformation")[1]["data"] == "nothing is known"
    nobody = {"requestId": 6, "report": True, "clear": False}
    assert mind.ask("CustomerInformation", nobody) == {"status": "Invalid"}


# ---- monitors ------------------------------------------------------------------------------

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


def monitor(mind: Mind, kind: str, value: float, **more: Any) -> Any:
    data = {"type": kind, "value": value, "severity": 5, **POWER, **more}
    return mind.ask("SetVariableMonitoring", {"setMonitoringData": [data]})["setMonitoringResult"][
        0
    ]


def test_n07_a_threshold_tells_when_it_is_crossed_and_when_that_is_over() -> None:
    mind = Mind()
    number = monitor(mind, "UpperThreshold", 5000)["id"]
    mind.charge(60, power=11)
    mind.present()
    events = [it["eventData"][0] for it in mind.all("NotifyEvent")]
    assert [it.get("cleared", False) for it in events] == [False, True]
    assert {it["variableMonitoringId"] for it in events} == {number}
    assert events[0]["transactionId"] == mind.events[0]["transactionInfo"]["transactionId"]


def test_n08_periodic_monitors_and_the_level() -> None:
    mind = Mind()
    monitor(mind, "Periodic", 60)
    mind.run(200)
    assert len(mind.all("NotifyEvent")) == 3
    assert mind.ask("SetMonitoringLevel", {"severity": 4}) == {"status": "Accepted"}
    mind.run(200)
    assert len(mind.all("NotifyEvent")) == 3
    assert mind.ask("SetMonitoringLevel", {"severity": 12}) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "Accepted"),
        ({"component": {"name": "Nothing"}}, "UnknownComponent"),
        ({"variable": {"name": "Nothing"}}, "UnknownVariable"),
        ({"variable": {"name": "SupplyPhases"}}, "UnsupportedMonitorType"),
        ({"id": 77}, "Rejected"),
    ],
)
def test_n04_which_monitors_there_can_be(more: dict[str, Any], status: str) -> None:
    assert monitor(Mind(), "UpperThreshold", 1, **more)["status"] == status


def test_n02_monitors_are_reported_and_cleared() -> None:
    mind = Mind()
    number = monitor(mind, "UpperThreshold", 5000)["id"]
    assert monitor(mind, "UpperThreshold", 6000)["status"] == "Duplicate"
    monitor(mind, "Delta", 1000)
    asked = {"requestId": 8, "monitoringCriteria": ["ThresholdMonitoring"]}
    assert mind.ask("GetMonitoringReport", asked) == {"status": "Accepted"}
    (told,) = mind.all("NotifyMonitoringReport")[0]["monitor"]
    assert told["variableMonitoring"][0]["id"] == number
    result = mind.ask("ClearVariableMonitoring", {"id": [number, 99]})["clearMonitoringResult"]
    assert [it["status"] for it in result] == ["Accepted", "NotFound"]
    assert mind.ask("GetMonitoringReport", asked) == {"status": "EmptyResultSet"}
    mind.ask("SetMonitoringBase", {"monitoringBase": "All"})
    assert mind.ask("GetMonitoringReport", {"requestId": 9}) == {"status": "EmptyResultSet"}


# ---- display messages ----------------------------------------------------------------------


def message(number: int, **more: Any) -> dict[str, Any]:
    text = {"format": "UTF8", "content": f"hello {number}"}
    return {"message": {"id": number, "priority": "NormalCycle", "message": text, **more}}


def test_o01_messages_are_kept_told_and_cleared() -> None:
    mind = Mind()
    for number in (1, 2, 3):
        assert mind.ask("SetDisplayMessage", message(number)) == {"status": "Accepted"}
    mind.ask("GetDisplayMessages", {"requestId": 1})
    told = mind.all("NotifyDisplayMessages")
    assert [it["tbc"] for it in told] == [True, False]
    assert mind.ask("ClearDisplayMessage", {"id": 1}) == {"status": "Accepted"}
    assert mind.ask("ClearDisplayMessage", {"id": 1}) == {"status": "Unknown"}
    assert mind.ask("GetDisplayMessages", {"requestId": 2, "id": [1]}) == {"status": "Unknown"}


def test_o02_a_message_for_a_transaction_ends_with_it() -> None:
    mind = Mind()
    mind.charge(10)
    number = mind.events[0]["transactionInfo"]["transactionId"]
    mind.ask("SetDisplayMessage", message(1, transactionId=number))
    mind.present()
    assert mind.ask("GetDisplayMessages", {"requestId": 2}) == {"status": "Unknown"}
    answer = mind.ask("SetDisplayMessage", message(2, transactionId=number))
    assert answer == {"status": "UnknownTransaction"}
    soon = message(3, endDateTime=iso(mind.time + timedelta(seconds=5)))
    mind.ask("SetDisplayMessage", soon)
    mind.run(6)
    assert mind.ask("GetDisplayMessages", {"requestId": 3}) == {"status": "Unknown"}


# ---- certificates --------------------------------------------------------------------------


def signed(mind: Mind, ca: Holder, kind: str = "ChargingStationCertificate") -> Any:
    """What it says to a certificate for the key of its last request."""
    asked = x509.load_pem_x509_csr(mind.all("SignCertificate")[-1]["csr"].encode())
    assert asked.is_signature_valid
    own = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(ca.certificate.subject)
        .public_key(asked.public_key())
        .serial_number(4711)
        .not_valid_before(mind.time)
        .not_valid_after(mind.time + timedelta(days=3650))
        .sign(ca.key, hashes.SHA256())
    )
    chain = own.public_bytes(serialization.Encoding.PEM).decode() + ca.pem
    payload = {"certificateChain": chain, "certificateType": kind}
    return mind.ask("CertificateSigned", payload)["status"]


def test_a02_it_asks_for_a_certificate_of_its_own_key() -> None:
    mind, ca = Mind(), root()
    mind.ask("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    first = mind.told[-1]
    mind.ask("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    request = x509.load_pem_x509_csr(mind.all("SignCertificate")[-1]["csr"].encode())
    assert request.subject.rfc4514_string() == "O=citrine-py,CN=cp001"
    assert signed(mind, ca) == "Accepted"
    assert len(mind.it.certificates.chains["ChargingStationCertificate"]) == 2
    mind.told.append(first)  # a certificate for a key that it has not any more
    assert signed(mind, ca) == "Rejected"
    assert mind.all("SecurityEventNotification")[-1]["type"] == "InvalidChargingStationCertificate"


def test_m03_m04_m05_roots_are_installed_listed_and_deleted() -> None:
    mind, ca = Mind(), root()
    asked: dict[str, Any] = {"certificateType": "CSMSRootCertificate", "certificate": ca.pem}
    assert mind.ask("GetInstalledCertificateIds", {}) == {"status": "NotFound"}
    assert mind.ask("InstallCertificate", asked) == {"status": "Accepted"}
    wrong = {**asked, "certificate": "no certificate"}
    assert mind.ask("InstallCertificate", wrong)["status"] == "Rejected"
    listed = mind.ask("GetInstalledCertificateIds", {"certificateType": ["CSMSRootCertificate"]})
    (entry,) = listed["certificateHashDataChain"]
    hashed = entry["certificateHashData"]
    assert mind.ask("DeleteCertificate", {"certificateHashData": hashed}) == {"status": "Accepted"}
    assert mind.ask("DeleteCertificate", {"certificateHashData": hashed}) == {"status": "NotFound"}


def test_m03_a_v2g_chain_is_listed_with_its_children() -> None:
    mind, ca = Mind(), root()
    mind.ask("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
    assert signed(mind, ca, "V2GCertificate") == "Accepted"
    (entry,) = mind.ask("GetInstalledCertificateIds", {})["certificateHashDataChain"]
    assert entry["certificateType"] == "V2GCertificateChain"
    assert entry["certificateHashData"]["serialNumber"] == f"{4711:x}"
    assert len(entry["childCertificateHashData"]) == 1
