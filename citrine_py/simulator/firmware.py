"""L: new firmware, for itself and for the stations behind it.

No I/O: `station` fetches. What is fetched is not run; its version is read off the address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5

from citrine_py.model.times import parse
from citrine_py.simulator.certificates import readable, verified
from citrine_py.simulator.clock import Alarm
from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Download, Payload
from citrine_py.simulator.power import Power

INSTALLING = 5.0
"""Seconds."""
RETRY = 10
_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclass(slots=True)
class Update:
    """One UpdateFirmware on its way."""

    request: Payload
    tries: int
    status: str = "Idle"
    alarm: Alarm | None = None
    over: bool = False


class Firmware:
    """The firmware of one station."""

    def __init__(self, core: Core, power: Power) -> None:
        self._core = core
        self._power = power
        self._update: Update | None = None
        self._rebooting: Update | None = None
        self._published: dict[str, str] = {}
        self._publishing: Payload = {"status": "Idle"}

    @property
    def answers(self) -> Answers:
        return {
            "UpdateFirmware": self._asked,
            "PublishFirmware": self._publish,
            "UnpublishFirmware": self._unpublish,
        }

    def status(self) -> Payload:
        """A FirmwareStatusNotification of now."""
        it = self._update
        if it is None or it.over:
            return {"status": "Idle"}
        return {"status": it.status, "requestId": it.request["requestId"]}

    def publishing(self) -> Payload:
        """A PublishFirmwareStatusNotification of now."""
        return self._publishing

    def booted(self) -> None:
        """It has started with what was installed."""
        it, self._rebooting = self._rebooting, None
        if it is not None:
            self._tell(it, "Installed")
            it.over = True
            self._core.security_event("FirmwareUpdated", self._core.firmware)

    # ---- its own -------------------------------------------------------------------------

    def _asked(self, asked: Payload) -> Payload:
        """L01, L02. A new request stands instead of one that is not installing yet."""
        certificate = asked["firmware"].get("signingCertificate")
        if certificate is not None and not readable(certificate):
            self._core.security_event("InvalidFirmwareSigningCertificate")
            return {"status": "InvalidCertificate"}
        before = self._update
        if before is not None and not before.over:
            if before.status in {"Installing", "InstallRebooting"}:
                return {"status": "Rejected", "statusInfo": {"reasonCode": "FwUpdateInProgress"}}
            before.over = True
            if before.alarm is not None:
                before.alarm.cancel()
        it = self._update = Update(asked, asked.get("retries", 0) + 1)
        if not self._later(it, "retrieveDateTime", "DownloadScheduled", self._download):
            it.alarm = self._core.clock.after(0, lambda: self._download(it))
        cancelled = before is not None and before.over and before.status != "Installed"
        return {"status": "AcceptedCanceled"} if cancelled and before else dict(OK)

    def _download(self, it: Update) -> None:
        self._tell(it, "Downloading")
        url = it.request["firmware"]["location"]
        self._core.do(Download(url, lambda content: self._downloaded(it, content)))

    def _downloaded(self, it: Update, content: bytes | None) -> None:
        if it.over:
            return
        if content is None:
            self._failed(it)
            return
        self._tell(it, "Downloaded")
        if not self._is_genuine(it, content):
            return
        if not self._later(it, "installDateTime", "InstallScheduled", self._install):
            self._install(it)

    def _is_genuine(self, it: Update, content: bytes) -> bool:
        """Whether the file is signed as the request has it, if it is to be signed at all (L01)."""
        told = it.request["firmware"]
        if "signature" not in told and "signingCertificate" not in told:
            return True
        names = (told.get("signingCertificate", ""), told.get("signature", ""))
        if verified(*names, content):
            self._tell(it, "SignatureVerified")
            return True
        self._tell(it, "InvalidSignature")
        self._core.security_event("InvalidFirmwareSignature")
        it.over = True
        return False

    def _failed(self, it: Update) -> None:
        it.tries -= 1
        if it.tries > 0:
            wait = it.request.get("retryInterval", RETRY)
            it.alarm = self._core.clock.after(wait, lambda: self._download(it))
            return
        self._tell(it, "DownloadFailed")
        it.over = True

    def _install(self, it: Update) -> None:
        self._tell(it, "Installing")
        it.alarm = self._core.clock.after(INSTALLING, lambda: self._installed(it))

    def _installed(self, it: Update) -> None:
        self._tell(it, "InstallRebooting")
        self._core.firmware = _version(it.request["firmware"]["location"], self._core.firmware)
        version = self._core.variable("ChargingStation", "FirmwareVersion")
        self._core.write(version, self._core.firmware)
        self._rebooting = it
        self._power.reboot("FirmwareUpdate", "Reboot")

    def _later(self, it: Update, when: str, status: str, do: Callable[[Update], None]) -> bool:
        """Whether a step waits for its time."""
        told = it.request["firmware"].get(when)
        wait = 0.0
        if told is not None:
            wait = (parse(told) - self._core.clock.now()).total_seconds()
        if wait <= 0:
            return False
        self._tell(it, status)
        it.alarm = self._core.clock.after(wait, lambda: do(it))
        return True

    def _tell(self, it: Update, status: str) -> None:
        it.status = status
        told = {"status": status, "requestId": it.request["requestId"]}
        self._core.tell("FirmwareStatusNotification", told)

    # ---- for others ----------------------------------------------------------------------

    def _publish(self, asked: Payload) -> Payload:
        """L03."""
        self._tell_publishing(asked, "Downloading")
        self._core.do(Download(asked["location"], lambda it: self._fetched(asked, it)))
        return dict(OK)

    def _fetched(self, asked: Payload, content: bytes | None) -> None:
        if content is None:
            self._tell_publishing(asked, "DownloadFailed")
            return
        self._tell_publishing(asked, "Downloaded")
        if md5(content, usedforsecurity=False).hexdigest() != asked["checksum"].lower():
            self._tell_publishing(asked, "InvalidChecksum")
            return
        self._tell_publishing(asked, "ChecksumVerified")
        self._published[asked["checksum"]] = asked["location"]
        self._tell_publishing(asked, "Published")

    def _tell_publishing(self, asked: Payload, status: str) -> None:
        self._publishing = {"status": status, "requestId": asked["requestId"]}
        if status == "Published":
            self._publishing["location"] = [asked["location"]]
        self._core.tell("PublishFirmwareStatusNotification", self._publishing)

    def _unpublish(self, asked: Payload) -> Payload:
        """L04."""
        gone = self._published.pop(asked["checksum"], None)
        return {"status": "NoFirmware" if gone is None else "Unpublished"}


def _version(location: str, before: str) -> str:
    """The version that a file's name tells; without one, the next."""
    found = _VERSION.findall(location.rpartition("/")[2])
    if found:
        return str(found[-1])
    head, _, last = before.rpartition(".")
    return f"{head}.{int(last) + 1}" if last.isdigit() and head else f"{before}.1"
