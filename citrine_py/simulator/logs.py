"""N01, N09: logs that are uploaded, and what a station knows of a customer.

No I/O: `station` uploads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Payload, Upload

LINES = 500
PART = 512
SECURITY = "Security:"
"""What lines of the security log begin with."""
RETRY = 10


class Logs:
    """The log of one station."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lines: deque[str] = deque(maxlen=LINES)
        self._running: Payload | None = None
        core.watchers.security.append(lambda kind: self.note(f"{SECURITY} {kind}"))

    @property
    def answers(self) -> Answers:
        return {"GetLog": self._asked}

    def note(self, what: str) -> None:
        """Adds a line."""
        self._lines.append(f"{self._core.now()} {what}")

    def status(self) -> Payload:
        """A LogStatusNotification of now."""
        if self._running is None:
            return {"status": "Idle"}
        return {"status": "Uploading", "requestId": self._running["requestId"]}

    def _asked(self, asked: Payload) -> Payload:
        """N01. A new request stands instead of the one that runs."""
        before, self._running = self._running, asked
        if before is not None:
            self._tell(before, "AcceptedCanceled")
        name = f"{self._core.config.id}-{asked['logType']}-{asked['requestId']}.log"
        self._upload(asked, asked.get("retries", 0) + 1)
        status = "Accepted" if before is None else "AcceptedCanceled"
        return {"status": status, "filename": name}

    def _upload(self, asked: Payload, tries: int) -> None:
        if self._running is not asked:
            return
        self._tell(asked, "Uploading")
        content = "".join(f"{line}\n" for line in self._lines if _wanted(line, asked)).encode()
        url = asked["log"]["remoteLocation"]
        self._core.do(Upload(url, content, lambda arrived: self._done(asked, tries, arrived)))

    def _done(self, asked: Payload, tries: int, arrived: bool) -> None:
        if self._running is not asked:
            return
        if not arrived and tries > 1:
            wait = asked.get("retryInterval", RETRY)
            self._core.clock.after(wait, lambda: self._upload(asked, tries - 1))
            return
        self._running = None
        self._tell(asked, "Uploaded" if arrived else "UploadFailure")

    def _tell(self, asked: Payload, status: str) -> None:
        told = {"status": status, "requestId": asked["requestId"]}
        self._core.tell("LogStatusNotification", told)


class Customers:
    """What a station knows of customers: `recall` gives it as lines and forgets it if told."""

    def __init__(self, core: Core, recall: Callable[[Payload, bool], list[str]]) -> None:
        self._core = core
        self._recall = recall

    @property
    def answers(self) -> Answers:
        return {"CustomerInformation": self._asked}

    def _asked(self, asked: Payload) -> Payload:
        if not asked["report"] and not asked["clear"]:
            return {"status": "Rejected"}
        named = [
            it for it in ("idToken", "customerIdentifier", "customerCertificate") if it in asked
        ]
        if len(named) != 1:
            return {"status": "Invalid"}
        known = self._recall(asked.get("idToken", {}), asked["clear"])
        told = "\n".join(known) or "nothing is known"
        text = told if asked["report"] else "cleared"
        pieces = [text[start : start + PART] for start in range(0, len(text), PART)]
        for number, piece in enumerate(pieces):
            self._core.tell(
                "NotifyCustomerInformation",
                {
                    "data": piece,
                    "tbc": number < len(pieces) - 1,
                    "seqNo": number,
                    "generatedAt": self._core.now(),
                    "requestId": asked["requestId"],
                },
            )
        return dict(OK)


def _wanted(line: str, asked: Payload) -> bool:
    """Whether a line is of the time asked for; OCPP's times sort as text."""
    at, what = line.split(" ", 1)
    log = asked["log"]
    security = asked["logType"] == "SecurityLog"
    return (
        log.get("oldestTimestamp", "") <= at <= log.get("latestTimestamp", "9999")
        and (not security or what.startswith(SECURITY))
    )  # fmt: skip
