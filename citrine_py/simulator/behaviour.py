"""How a station answers a CSMS' calls, and what it does afterwards.

No I/O: a call and the time in; the answer and deeds out, which `station` carries
out in their order. Only the messages in `_answers` are supported; the others of
OCPP 2.0.1 get NotSupported, as from a station without those features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import orjson

from citrine_py.model.times import iso
from citrine_py.ocpp.errors import CallError
from citrine_py.simulator.deeds import Boot, Deed, HangUp, Reaction, Reboot, Tell
from citrine_py.simulator.device_model import Variable, in_parts
from citrine_py.simulator.inventory import BYTES_PER_MESSAGE, ITEMS_PER_MESSAGE, device_model
from citrine_py.simulator.scenarios import StationConfig

Payload: TypeAlias = dict[str, Any]


class Behaviour:
    """One station's mind.

    Attributes:
        registration: the status of its last BootNotification; None before the first.
        password: the one in force, None without Basic authentication.
        network_profiles: what SetNetworkProfile has set, by slot.
    """

    def __init__(self, config: StationConfig, now: Callable[[], datetime]) -> None:
        self.config = config
        self.model = device_model(
            config.id, config.plate, config.evses, config.variables, config.security_profile
        )
        self.registration: str | None = None
        self.password = config.password
        self.network_profiles: dict[int, Payload] = {}
        self._now = now
        self._reports_begun = 0
        self._answers: Mapping[str, Callable[[Payload], Reaction]] = {
            "GetVariables": self._get_variables,
            "SetVariables": self._set_variables,
            "GetBaseReport": self._get_base_report,
            "GetReport": self._get_report,
            "Reset": self._reset,
            "TriggerMessage": self._trigger_message,
            "ChangeAvailability": self._change_availability,
            "SetNetworkProfile": self._set_network_profile,
            "DataTransfer": self._data_transfer,
        }
        if config.password is not None:
            self._variable("SecurityCtrlr", "BasicAuthPassword").value = config.password

    # ---- what it tells -----------------------------------------------------------------

    def boot_notification(self, reason: str) -> Payload:
        plate = self.config.plate
        return {
            "reason": reason,
            "chargingStation": {
                "model": plate.model,
                "vendorName": plate.vendor,
                "serialNumber": plate.serial,
                "firmwareVersion": plate.firmware,
            },
        }

    def statuses(self) -> list[Payload]:
        """A StatusNotification for each connector."""
        return [self._status(evse) for evse in range(1, self.config.evses + 1)]

    @property
    def heartbeat_interval(self) -> int:
        """Seconds between heartbeats."""
        return max(1, self.model.number("OCPPCommCtrlr", "HeartbeatInterval", None, 60))

    @property
    def stored_password(self) -> str:
        """The one it will use from its next reboot on at the latest; empty for none."""
        return self._variable("SecurityCtrlr", "BasicAuthPassword").value

    def booted(self, status: str, interval: int) -> None:
        """Takes the answer to BootNotification."""
        self.registration = status
        if status == "Accepted" and interval > 0:
            self._variable("OCPPCommCtrlr", "HeartbeatInterval").value = str(interval)

    def restarted(self) -> None:
        """It was off: settings that take a reboot are in force now."""
        self.registration = None
        if self.stored_password:
            self.password = self.stored_password

    # ---- what it is asked --------------------------------------------------------------

    def react(self, action: str, payload: Payload) -> Reaction:
        """Answers a call whose payload fits the schema.

        Raises:
            CallError: the call is refused.
        """
        answer = self._answers.get(action)
        if answer is None:
            raise CallError("NotSupported", f"this station has no {action}")
        reaction = answer(payload)
        return reaction if self.config.habits.answers else Reaction(None)

    def _get_variables(self, payload: Payload) -> Reaction:
        self._limit("GetVariables", payload, payload["getVariableData"])
        results = [self.model.read(asked) for asked in payload["getVariableData"]]
        return Reaction({"getVariableResult": results})

    def _set_variables(self, payload: Payload) -> Reaction:
        self._limit("SetVariables", payload, payload["setVariableData"])
        results: list[Payload] = []
        password: Reaction | None = None
        for asked in payload["setVariableData"]:
            if self.config.habits.basic_auth == "refused" and _is_password(asked):
                results.append(_refused_password(asked))
                continue
            result, changed = self.model.set(asked)
            if changed is not None and _is_password(asked):
                password = self._new_password(changed, result)
            results.append(result)
        if password is None:
            return Reaction({"setVariableResult": results})
        lost = password.answer is None
        return Reaction(None if lost else {"setVariableResult": results}, password.deeds)

    def _new_password(self, variable: Variable, result: Payload) -> Reaction:
        """A station that signs in with a password shows the new one at once (A01)."""
        if self.config.habits.basic_auth == "reboot":
            result["attributeStatus"] = "RebootRequired"
            return Reaction(result)
        signs_in = self.password is not None
        self.password = variable.value
        if self.config.habits.basic_auth == "unanswered":
            return Reaction(None, (HangUp(rudely=True),))
        return Reaction(result, (HangUp(),) if signs_in else ())

    def _get_base_report(self, payload: Payload) -> Reaction:
        report = self.model.base_report(payload["reportBase"])
        return self._report(payload["requestId"], report)

    def _get_report(self, payload: Payload) -> Reaction:
        wanted = payload.get("componentVariable", [])
        self._limit("GetReport", payload, wanted)
        report = self.model.custom_report(payload.get("componentCriteria", []), wanted)
        return self._report(payload["requestId"], report)

    def _report(self, request_id: int, report: list[Payload]) -> Reaction:
        habit = self.config.habits.report
        if habit == "refused":
            return Reaction({"status": "Rejected", "statusInfo": {"reasonCode": "Unspecified"}})
        if not report:
            return Reaction({"status": "EmptyResultSet"})
        parts = in_parts(report, self.config.report_items, request_id, iso(self._now()))
        self._reports_begun += 1
        deeds: list[Deed] = [Tell("NotifyReport", part) for part in parts]
        if habit == "interrupted" and self._reports_begun == 1:
            deeds = [*deeds[: len(deeds) // 2], HangUp(rudely=True)]
        elif habit == "endless":
            deeds = deeds[:-1]
        elif habit == "shuffled":
            deeds = [*reversed(deeds), *deeds[:2]]
        return Reaction({"status": "Accepted"}, tuple(deeds))

    def _reset(self, payload: Payload) -> Reaction:
        evse = payload.get("evseId")
        unknown = evse is not None and not self._has(evse)
        if not self.config.habits.resets or unknown:
            return Reaction({"status": "Rejected"})
        if evse is None:
            return Reaction({"status": "Accepted"}, (Reboot("RemoteReset"),))
        down = self._set_state(evse, "Unavailable")
        up = self._set_state(evse, "Available")
        return Reaction({"status": "Accepted"}, (*down, *up))

    def _trigger_message(self, payload: Payload) -> Reaction:
        """Lenient as many stations are: without an EVSE, all connectors are told."""
        deeds = self._triggered(payload["requestedMessage"], payload.get("evse", {}))
        if deeds is None:
            return Reaction({"status": "NotImplemented"})
        return Reaction({"status": "Accepted" if deeds else "Rejected"}, deeds)

    def _triggered(self, message: str, evse: Payload) -> tuple[Deed, ...] | None:
        number = evse.get("id")
        evses = [each for each in range(1, self.config.evses + 1) if number in {None, each}]
        if evse.get("connectorId", 1) != 1:
            evses = []
        if message == "BootNotification":
            return () if self.registration == "Accepted" else (Boot(),)
        if message == "StatusNotification":
            return tuple(Tell(message, self._status(each)) for each in evses)
        if message == "MeterValues":
            return tuple(Tell(message, self._meter(each)) for each in evses)
        if message == "Heartbeat":
            return (Tell(message, {}),)
        if message in {"LogStatusNotification", "FirmwareStatusNotification"}:
            return (Tell(message, {"status": "Idle"}),)
        return () if message == "TransactionEvent" else None

    def _change_availability(self, payload: Payload) -> Reaction:
        state = "Available" if payload["operationalStatus"] == "Operative" else "Unavailable"
        asked = payload.get("evse", {})
        evse = asked.get("id")
        if evse is None:
            self._variable("ChargingStation", "AvailabilityState").value = state
            deeds = [
                deed
                for each in range(1, self.config.evses + 1)
                for deed in self._set_state(each, state)
            ]
            return Reaction({"status": "Accepted"}, tuple(deeds))
        if not self._has(evse) or asked.get("connectorId", 1) != 1:
            return Reaction({"status": "Rejected"})
        return Reaction({"status": "Accepted"}, self._set_state(evse, state))

    def _set_network_profile(self, payload: Payload) -> Reaction:
        """Only into a slot it has, and never down in security."""
        slots = self._variable("OCPPCommCtrlr", "NetworkConfigurationPriority").choices or ""
        data = payload["connectionData"]
        if str(payload["configurationSlot"]) not in slots.split(","):
            return Reaction({"status": "Rejected", "statusInfo": {"reasonCode": "InvalidConfSlot"}})
        if data["securityProfile"] < self.config.security_profile:
            info = {"reasonCode": "NoSecurityDowngrade"}
            return Reaction({"status": "Rejected", "statusInfo": info})
        self.network_profiles[payload["configurationSlot"]] = data
        return Reaction({"status": "Accepted"})

    def _data_transfer(self, payload: Payload) -> Reaction:
        if payload["vendorId"] != self.config.plate.vendor:
            return Reaction({"status": "UnknownVendorId"})
        if payload.get("messageId") != "Echo":
            return Reaction({"status": "UnknownMessageId"})
        answer: Payload = {"status": "Accepted"}
        if "data" in payload:
            answer["data"] = payload["data"]
        return Reaction(answer)

    # ---- its parts ---------------------------------------------------------------------

    def _limit(self, message: str, payload: Payload, items: list[Payload]) -> None:
        most = self.model.number("DeviceDataCtrlr", "ItemsPerMessage", message, ITEMS_PER_MESSAGE)
        size = self.model.number("DeviceDataCtrlr", "BytesPerMessage", message, BYTES_PER_MESSAGE)
        if len(items) > most:
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")
        if len(orjson.dumps(payload)) > size:
            raise CallError("FormatViolation", f"more than {size} bytes")

    def _has(self, evse: int) -> bool:
        return 1 <= evse <= self.config.evses

    def _set_state(self, evse: int, state: str) -> tuple[Deed, ...]:
        """Puts an EVSE and its connector into a state; the notification that it is due."""
        self._variable("EVSE", "AvailabilityState", evse).value = state
        self._variable("Connector", "AvailabilityState", evse, 1).value = state
        return (Tell("StatusNotification", self._status(evse)),)

    def _status(self, evse: int) -> Payload:
        return {
            "timestamp": iso(self._now()),
            "connectorStatus": self._variable("Connector", "AvailabilityState", evse, 1).value,
            "evseId": evse,
            "connectorId": 1,
        }

    def _meter(self, evse: int) -> Payload:
        sample = {"value": 0.0, "context": "Trigger"}
        value = {"timestamp": iso(self._now()), "sampledValue": [sample]}
        return {"evseId": evse, "meterValue": [value]}

    def _variable(
        self, component: str, name: str, evse: int | None = None, connector: int | None = None
    ) -> Variable:
        found = self.model.find(component, name, evse=evse, connector=connector)
        if found is None:
            raise KeyError(f"{component}.{name}")
        return found


def _is_password(asked: Payload) -> bool:
    names: tuple[str, str] = (asked["component"]["name"], asked["variable"]["name"])
    return [name.casefold() for name in names] == ["securityctrlr", "basicauthpassword"]


def _refused_password(asked: Payload) -> Payload:
    return {
        "component": asked["component"],
        "variable": asked["variable"],
        "attributeStatus": "Rejected",
    }
