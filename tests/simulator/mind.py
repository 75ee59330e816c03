"""A station's mind with a CSMS of a few lines, and time that is handed in."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from citrine_py.model.times import iso
from citrine_py.ocpp.schemas import Schemas
from citrine_py.simulator.behaviour import Behaviour
from citrine_py.simulator.car import Car, CarModel
from citrine_py.simulator.deeds import Deed, Download, HangUp, Reboot, Tell, Upload
from citrine_py.simulator.outlet import Outlet
from citrine_py.simulator.scenarios import StationConfig

T0 = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = {"idToken": "CARD1", "type": "ISO14443"}
OTHER = {"idToken": "CARD2", "type": "ISO14443"}
SCHEMAS = Schemas()


class Mind:
    """Drives a Behaviour. Every message of it is checked against OCPP's schema.

    `told` has all that the CSMS was told and answered, `info` its answers to tokens; `answers`
    those to other actions, None for a CALLERROR.
    """

    def __init__(self, scenario: str = "stay", **more: Any) -> None:
        self.time = T0
        self.it = Behaviour(StationConfig(scenario=scenario, **more), lambda: self.time)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.info: dict[str, dict[str, Any]] = {"CARD1": ok(), "CARD2": ok(), "": ok()}
        self.answers: dict[str, dict[str, Any] | None] = {"NotifyEVChargingNeeds": None}
        self.cost: Callable[[], float] | None = None
        self.files: dict[str, bytes] = {}
        self.uploads: list[bytes] = []
        self.reasons: list[str] = []
        self.hung_up = 0
        self._back_at: datetime | None = None
        self.boot("PowerUp")

    # ---- the line ------------------------------------------------------------------------

    def boot(self, reason: str) -> None:
        self.reasons.append(reason)
        SCHEMAS.check_request(
            "2.0.1", "BootNotification", self.it.provisioning.boot_notification(reason)
        )
        self.it.connected()
        answer = {"status": "Accepted", "interval": 60, "currentTime": iso(self.time)}
        self.carry(self.it.booted(answer))

    def cut(self) -> None:
        self.it.disconnected()

    def join(self) -> None:
        self.it.connected()
        self.flush()

    def carry(self, deeds: tuple[Deed, ...]) -> None:
        for deed in deeds:
            if isinstance(deed, Tell):
                self._tell(deed)
            elif isinstance(deed, HangUp):
                self.hung_up += 1
                self.cut()
                self._back_at = self.time + timedelta(seconds=deed.away)
            elif isinstance(deed, Reboot):
                self.flush()
                self.cut()
                self.it.restarted()
                self.boot(deed.reason)
            elif isinstance(deed, Upload):
                self.uploads.append(deed.content)
                deed.then(deed.url.startswith("http"))
                self.carry(self.it.due())
            elif isinstance(deed, Download):
                deed.then(self.files.get(deed.url))
                self.carry(self.it.due())
        self.flush()

    def _tell(self, deed: Tell) -> None:
        answer: dict[str, Any] | None = None
        if self.it.core.connected:
            answer = self._answer(deed)
        self.carry(self.it.heard(deed, answer))

    def flush(self) -> None:
        while (message := self.it.kept()) is not None:
            answer = self._answer(message)
            assert answer is not None
            self.carry(self.it.kept_answered(answer))

    def _answer(self, message: Tell) -> dict[str, Any] | None:
        SCHEMAS.check_request("2.0.1", message.action, message.payload)
        self.told.append((message.action, message.payload))
        if message.action in self.answers:
            return self.answers[message.action]
        answer: dict[str, Any] = {}
        if "idToken" in message.payload:
            token = message.payload["idToken"]["idToken"]
            answer["idTokenInfo"] = self.info.get(token, {"status": "Unknown"})
        if message.action == "TransactionEvent" and self.cost is not None:
            answer["totalCost"] = self.cost()
        return answer

    # ---- time ----------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Lets time pass, from alarm to alarm."""
        end = self.time + timedelta(seconds=seconds)
        while True:
            wait = self.it.wait
            at = end if wait is None else self.time + timedelta(microseconds=math.ceil(wait * 1e6))
            if self._back_at is not None and self._back_at <= min(at, end):
                self.time, self._back_at = self._back_at, None
                self.join()
                continue
            self.time = min(at, end)
            self.carry(self.it.due())
            if at > end or wait is None:
                return

    # ---- what is asked and told ----------------------------------------------------------

    def ask(self, action: str, payload: dict[str, Any]) -> Any:
        SCHEMAS.check_request("2.0.1", action, payload)
        reaction = self.it.react(action, payload)
        if reaction.answer is not None:
            SCHEMAS.check_response("2.0.1", action, reaction.answer)
        self.carry(reaction.deeds)
        return reaction.answer

    def set(self, component: str, name: str, value: str) -> None:
        self.it.core.variable(component, name).value = value

    def all(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.told if name == action]

    def states(self) -> list[str]:
        return [each["connectorStatus"] for each in self.all("StatusNotification")]

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.all("TransactionEvent")

    def story(self) -> list[tuple[str, str, str]]:
        """(event, why, charging state) of the events without those of samples."""
        return [
            (it["eventType"], it["triggerReason"], it["transactionInfo"]["chargingState"])
            for it in self.events
            if it["triggerReason"] != "MeterValuePeriodic"
        ]

    # ---- people --------------------------------------------------------------------------

    @property
    def outlet(self) -> Outlet:
        return self.it.outlets[0]

    def plug(self, evse: int = 1, **car: Any) -> None:
        direct = self.it.config.direct_current
        self.it.outlets[evse - 1].plug(Car(CarModel(**car), direct_current=direct))
        self.carry(self.it.due())

    def unplug(self) -> None:
        self.outlet.unplug()
        self.carry(self.it.due())

    def present(self, token: dict[str, Any] = TOKEN, evse: int = 1) -> list[bool]:
        """What came of it: the list is filled once that is known."""
        good: list[bool] = []
        self.it.outlets[evse - 1].present(token, good.append)
        self.carry(self.it.due())
        return good

    def charge(self, seconds: float = 600, **car: Any) -> None:
        """A car comes, and charges for a while."""
        self.plug(**car)
        self.run(5)
        self.present()
        self.run(seconds)


def ok(**more: Any) -> dict[str, Any]:
    return {"status": "Accepted", **more}


def register(event: dict[str, Any]) -> float:
    """The register of an event, in Wh."""
    return sampled(event, "Energy.Active.Import.Register")[0]


def sampled(event: dict[str, Any], measurand: str) -> list[float]:
    return [
        sample["value"]
        for value in event.get("meterValue", [])
        for sample in value["sampledValue"]
        if sample["measurand"] == measurand
    ]


def profile(
    watts: float | list[tuple[int, float]], purpose: str = "TxDefaultProfile", **more: Any
) -> dict[str, Any]:
    """A ChargingProfile of one limit, or of several from seconds on; Absolute from T0."""
    periods = watts if isinstance(watts, list) else [(0, watts)]
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": more.pop("unit", "W"),
        "chargingSchedulePeriod": [{"startPeriod": at, "limit": it} for at, it in periods],
    }
    if more.get("chargingProfileKind") != "Relative":
        schedule["startSchedule"] = iso(more.pop("start", T0))
    if "duration" in more:
        schedule["duration"] = more.pop("duration")
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
        **more,
    }
