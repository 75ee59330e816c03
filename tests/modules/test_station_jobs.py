"""L01, L02, L03, N01, N09, N10: what a station is asked and takes its time for, as a Job."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.errors import BadRequest, StationOffline, StationRefused, StationSilent
from citrine_py.model.jobs import JOB, Job
from citrine_py.model.keys import job_key
from citrine_py.modules.job_sweep import JobSweep
from citrine_py.ports import Payload
from tests.modules.world import STATION, World

FIRMWARE: Payload = {
    "requestId": 7,
    "firmware": {
        "location": "https://example.com/f.bin",
        "retrieveDateTime": "2026-01-01T00:00:00Z",
    },
}
LOG: Payload = {
    "requestId": 8,
    "logType": "DiagnosticsLog",
    "log": {"remoteLocation": "https://example.com/logs"},
}
CUSTOMER: Payload = {
    "requestId": 9,
    "report": True,
    "clear": False,
    "customerIdentifier": "OpenChargeAlliance",
}


async def asked(
    world: World, action: str = "UpdateFirmware", body: Payload = FIRMWARE, **answer: object
) -> Job:
    await world.accepted()
    world.stations.answers[action] = {"status": "Accepted", **answer}
    await world.rules.requests.send(STATION, action, body)
    return job(world, action, body["requestId"])


def job(world: World, action: str, number: int) -> Job:
    found = world.records.get(JOB, job_key(STATION, action, number))
    assert found is not None
    return found


async def firmware(world: World, *words: str, number: int = 7) -> Job:
    for word in words:
        told = {"status": word, "requestId": number}
        assert await world.call("FirmwareStatusNotification", told) == {}
    return job(world, "UpdateFirmware", number)


async def test_l01_an_update_is_a_job_from_the_moment_it_is_sent() -> None:
    world = World()
    seen: list[str | None] = []

    def answer(_: Payload) -> Payload:
        seen.append(job(world, "UpdateFirmware", 7).status)
        return {"status": "Accepted"}

    world.stations.answers["UpdateFirmware"] = answer
    await world.rules.requests.send(STATION, "UpdateFirmware", FIRMWARE)
    record = job(world, "UpdateFirmware", 7)
    assert seen == ["Sent"]
    assert (record.status, record.info, record.parameters) == ("Accepted", "Accepted", FIRMWARE)
    assert record.askedAt == record.sentAt == world.clock.now()


async def test_l01_its_statuses_move_it_to_its_end() -> None:
    world = World()
    await asked(world)
    record = await firmware(world, "Downloading", "Downloaded", "SignatureVerified")
    assert (record.status, record.progress, record.endedAt) == (
        "Running",
        "SignatureVerified",
        None,
    )
    record = await firmware(world, "Installing", "Installed")
    assert (record.status, record.progress, record.endedAt) == (
        "Done",
        "Installed",
        world.clock.now(),
    )
    assert [each["status"] for each in record.history] == [
        "Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "word",
    ["DownloadFailed", "InstallationFailed", "InstallVerificationFailed", "InvalidSignature"],
)
async def test_l01_a_failure_ends_it(word: str) -> None:
    world = World()
    await asked(world)
    record = await firmware(world, "Downloading", word)
    assert (record.status, record.progress) == ("Failed", word)


@pytest.mark.parametrize("answer", ["Rejected", "InvalidCertificate", "RevokedCertificate"])
async def test_l01_a_refused_update_says_why(answer: str) -> None:
    record = await asked(World(), status=answer, statusInfo={"reasonCode": "Busy"})
    assert (record.status, record.info) == ("Refused", f"{answer} (Busy)")


async def test_l01_another_update_takes_the_place_of_the_first() -> None:
    """L01.FR.24."""
    world = World()
    await asked(world)
    await firmware(world, "Downloading")
    second = await asked(world, body={**FIRMWARE, "requestId": 17}, status="AcceptedCanceled")
    assert second.status == "Accepted"
    assert job(world, "UpdateFirmware", 7).status == "Cancelled"
    await firmware(world, "Downloading")  # late, of the first
    assert job(world, "UpdateFirmware", 7).status == "Cancelled"
    assert (await firmware(world, "Installed", number=17)).status == "Done"


async def test_l01_an_update_that_cannot_be_cancelled_goes_on() -> None:
    """L01.FR.27."""
    world = World()
    await asked(world)
    await firmware(world, "Downloading")
    assert (await asked(world, body={**FIRMWARE, "requestId": 17}, status="Rejected")).status == (
        "Refused"
    )
    assert (await firmware(world, "Installed")).status == "Done"


async def test_l01_statuses_that_come_before_the_answer_are_not_set_back() -> None:
    world = World()
    await world.accepted()

    async def answer(_: Payload) -> Payload:
        await firmware(world, "Downloading")
        return {"status": "Accepted"}

    world.stations.answers["UpdateFirmware"] = answer
    await world.rules.requests.send(STATION, "UpdateFirmware", FIRMWARE)
    assert job(world, "UpdateFirmware", 7).status == "Running"


async def test_statuses_of_unknown_requests_and_of_none_are_answered() -> None:
    world = World()
    await world.accepted()
    for action, word in (
        ("FirmwareStatusNotification", "Installed"),
        ("LogStatusNotification", "Uploaded"),
        ("PublishFirmwareStatusNotification", "Downloading"),
    ):
        assert await world.call(action, {"status": word, "requestId": 99}) == {}
        assert await world.call(action, {"status": "Idle"}) == {}
    assert world.records.all(JOB) == []


WORDS = st.sampled_from(
    ["Downloading", "Downloaded", "Installing", "InstallRebooting", "DownloadFailed", "Idle"]
)


@settings(max_examples=30, deadline=None)
@given(before=st.lists(WORDS, max_size=6), after=st.lists(WORDS, max_size=6))
async def test_what_is_installed_stays_so_whatever_is_told_before_or_late(
    before: list[str], after: list[str]
) -> None:
    world = World()
    await asked(world)
    record = await firmware(world, *before, "Installed", *after)
    assert (record.status, record.progress) == ("Done", "Installed")


async def test_no_answer_leaves_it_sent_and_a_refusal_ends_it() -> None:
    world = World()
    world.stations.answers["UpdateFirmware"] = StationSilent("no answer")
    with pytest.raises(StationSilent):
        await world.rules.requests.send(STATION, "UpdateFirmware", FIRMWARE)
    record = job(world, "UpdateFirmware", 7)
    assert (record.status, record.info) == ("Sent", "no answer")
    world.stations.answers["UpdateFirmware"] = StationRefused("NotSupported", "", {})
    with pytest.raises(StationRefused):
        await world.rules.requests.send(STATION, "UpdateFirmware", FIRMWARE)
    assert job(world, "UpdateFirmware", 7).status == "Refused"


async def test_nothing_is_kept_of_what_an_absent_station_could_not_be_asked() -> None:
    world = World()
    await world.accepted()
    await world.leave()
    with pytest.raises(StationOffline):
        await world.rules.requests.send(STATION, "UpdateFirmware", FIRMWARE)
    assert world.records.all(JOB) == []


async def test_l03_l04_published_firmware_names_where_it_is() -> None:
    world = World()
    body = {"requestId": 5, "location": "https://x/f.bin", "checksum": "a" * 32}
    await asked(world, "PublishFirmware", body)
    places = ["http://10.0.0.1/f.bin", "https://10.0.0.1/f.bin"]
    told = {"status": "Published", "requestId": 5, "location": places}
    assert await world.call("PublishFirmwareStatusNotification", told) == {}
    record = job(world, "PublishFirmware", 5)
    assert (record.status, record.result) == ("Done", "\n".join(places))
    world.stations.answers["UnpublishFirmware"] = {"status": "Unpublished"}
    await world.rules.requests.send(STATION, "UnpublishFirmware", {"checksum": "a" * 32})
    (other,) = world.records.select(JOB, action="UnpublishFirmware")
    assert (other.status, other.info) == ("Done", "Unpublished")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["Uploading"], "Running"),
        (["Uploading", "Uploaded"], "Done"),
        (["Uploading", "UploadFailure"], "Failed"),
        (["PermissionDenied"], "Failed"),
        (["Uploading", "AcceptedCanceled"], "Cancelled"),
    ],
)
async def test_n01_an_upload_is_followed(words: list[str], status: str) -> None:
    world = World()
    await asked(world, "GetLog", LOG, filename="log.txt")
    for word in words:
        assert await world.call("LogStatusNotification", {"status": word, "requestId": 8}) == {}
    record = job(world, "GetLog", 8)
    assert (record.status, record.progress, record.fileName) == (status, words[-1], "log.txt")


async def test_n01_without_an_address_one_of_ours_is_made_for_one_file() -> None:
    world = World()
    record = await asked(world, "GetLog", {"requestId": 8, "logType": "SecurityLog", "log": {}})
    (sent,) = world.stations.sent("GetLog")
    place, _, secret = sent["log"]["remoteLocation"].rpartition("/")
    assert place == "http://csms.example/files/logs"
    assert secret not in repr(world.records.all(JOB))
    assert record.fileUrl == f"{place}/{record.id}"
    assert world.rules.uploads.expected(secret) == record.id
    assert world.rules.uploads.expected("other") is None
    await world.rules.uploads.taken(record.id, "a.log", 3)
    assert world.rules.uploads.expected(secret) is None
    record = job(world, "GetLog", 8)
    assert (record.fileName, record.fileSize, record.fileAt) == ("a.log", 3, world.clock.now())


async def test_n01_a_refused_upload_is_not_expected() -> None:
    world = World()
    body = {"requestId": 8, "logType": "SecurityLog", "log": {}}
    record = await asked(world, "GetLog", body, status="Rejected")
    (sent,) = world.stations.sent("GetLog")
    secret = sent["log"]["remoteLocation"].rpartition("/")[2]
    assert record.status == "Refused"
    assert world.rules.uploads.expected(secret) is None


async def test_n01_where_stations_cannot_reach_us_an_address_is_asked_for() -> None:
    world = World(public_url=None)
    with pytest.raises(BadRequest, match="CITRINE_FILES_PUBLIC_URL"):
        await asked(world, "GetLog", {"requestId": 8, "logType": "SecurityLog", "log": {}})
    assert world.stations.sent("GetLog") == []


def information(seq_no: int, text: str, *, tbc: bool = False, number: int = 9) -> Payload:
    return {
        "requestId": number,
        "seqNo": seq_no,
        "tbc": tbc,
        "generatedAt": "2026-01-01T00:00:00Z",
        "data": text,
    }


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 1, 2, 0], [0, 2, 2, 1]])
async def test_n09_what_is_told_of_a_customer_is_put_together(order: list[int]) -> None:
    world = World()
    await asked(world, "CustomerInformation", CUSTOMER)
    for number in order:
        part = information(number, f"part {number};", tbc=number < 2)
        assert await world.call("NotifyCustomerInformation", part) == {}
    record = job(world, "CustomerInformation", 9)
    assert (record.status, record.parts) == ("Done", None)
    assert record.result == "part 0;part 1;part 2;"
    await world.call("NotifyCustomerInformation", information(0, "again"))
    assert job(world, "CustomerInformation", 9).result == record.result


async def test_n09_a_report_that_never_ends_is_bounded() -> None:
    world = World()
    await asked(world, "CustomerInformation", CUSTOMER)
    for number in range(200):
        await world.call("NotifyCustomerInformation", information(number, "x" * 512, tbc=True))
    record = job(world, "CustomerInformation", 9)
    assert record.status == "Running"
    assert len(record.result or "") == 65_536 + len("...")


async def test_n09_what_nobody_asked_for_is_not_kept() -> None:
    world = World()
    await world.accepted()
    assert await world.call("NotifyCustomerInformation", information(0, "Ada", number=1)) == {}
    assert world.records.all(JOB) == []


async def test_n10_clearing_without_a_report_is_done_at_once() -> None:
    record = await asked(
        World(), "CustomerInformation", {**CUSTOMER, "report": False, "clear": True}
    )
    assert record.status == "Done"


async def test_jobs_and_files_go_with_time() -> None:
    world = World()
    record = await asked(world)
    world.records.have(JOB, Job(id="wanted", station=STATION, status="Wanted"))
    world.files.kept = {record.id: b"x", "orphan": b"y"}
    sweep = JobSweep(world.records, world.files, world.clock, 30)
    assert await sweep.sweep() == 0
    assert world.files.kept == {record.id: b"x"}
    world.clock.advance(31 * 86_400)
    assert await sweep.sweep() == 1
    assert [each.id for each in world.records.all(JOB)] == ["wanted"]
    assert world.files.kept == {}
